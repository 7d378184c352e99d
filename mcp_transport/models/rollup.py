"""Sums over the record of calls, so that no page has to read the record itself."""

from __future__ import annotations

from django.db import models

#: Upper bounds in microseconds of all latency counters but the last, which has none.
LATENCY_BOUNDS = tuple(round(500 * 2.5**step) for step in range(15))
LATENCY_FIELDS = tuple(f"latency_{number:02}" for number in range(len(LATENCY_BOUNDS) + 1))


class Rollup(models.Model):
    """
    The calls of one stretch of time that had something in common.

    Every call counts once in each facet. ``key`` is the name of the entry,
    the client, the user or the token; empty where there were too many of them.
    """

    class Period(models.TextChoices):
        """How long the stretch is."""

        MINUTE = "minute", "Minute"
        HOUR = "hour", "Hour"
        DAY = "day", "Day"

    class Facet(models.TextChoices):
        """What the calls had in common beside the server."""

        SERVER = "server", "Server"
        ENTRY = "entry", "Entry"
        CLIENT = "client", "Client"
        USER = "user", "User"
        TOKEN = "token", "Token"

    period = models.CharField(max_length=6, choices=Period.choices)
    facet = models.CharField(max_length=6, choices=Facet.choices)
    started_at = models.DateTimeField()
    server = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, blank=True)
    key = models.TextField(blank=True)
    outcome = models.CharField(max_length=16)  # Call.Outcome, or "denied"
    calls = models.BigIntegerField()
    total_us = models.BigIntegerField()
    longest_us = models.BigIntegerField()
    last_at = models.DateTimeField()
    latency_00 = models.BigIntegerField(default=0)
    latency_01 = models.BigIntegerField(default=0)
    latency_02 = models.BigIntegerField(default=0)
    latency_03 = models.BigIntegerField(default=0)
    latency_04 = models.BigIntegerField(default=0)
    latency_05 = models.BigIntegerField(default=0)
    latency_06 = models.BigIntegerField(default=0)
    latency_07 = models.BigIntegerField(default=0)
    latency_08 = models.BigIntegerField(default=0)
    latency_09 = models.BigIntegerField(default=0)
    latency_10 = models.BigIntegerField(default=0)
    latency_11 = models.BigIntegerField(default=0)
    latency_12 = models.BigIntegerField(default=0)
    latency_13 = models.BigIntegerField(default=0)
    latency_14 = models.BigIntegerField(default=0)
    latency_15 = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("period", "facet", "started_at")
        constraints = (
            models.UniqueConstraint(
                fields=["period", "facet", "started_at", "server", "kind", "key", "outcome"],
                name="mcp_rollup_bucket",
            ),
        )

    def __str__(self) -> str:
        return f"{self.period} {self.started_at:%Y-%m-%d %H:%M} {self.facet} {self.key}".rstrip()


class RollupProgress(models.Model):
    """How far the sums go, and which worker process goes on; one row."""

    closed_until = models.DateTimeField()  # every call that began before is in the sums
    filled_from = models.DateTimeField()  # the calls before it are summed up backwards
    first_call_at = models.DateTimeField()  # how far back there is anything
    seen_id = models.BigIntegerField(default=0)  # rows above it may have come late
    next_seen_id = models.BigIntegerField(default=0)
    rechecked_at = models.DateTimeField()
    holder = models.CharField(max_length=64, blank=True)
    held_until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "rollup progress"

    def __str__(self) -> str:
        return f"up to {self.closed_until:%Y-%m-%d %H:%M}"
