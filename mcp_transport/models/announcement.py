"""Who was told of an operator's change, as the worker processes report it."""

from __future__ import annotations

from django.db import models

from mcp_transport.models.server import Server


class Announcement(models.Model):
    """
    A change of what a server offers that its operator wants to hear about.

    Made in the transaction of the change; each worker process then adds what
    it did about it.
    """

    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"change {self.pk}"


class Report(models.Model):
    """What one worker process did about an announcement."""

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="reports")
    worker = models.CharField(max_length=64)
    told = models.PositiveIntegerField()  # clients whose lists look different now
    listening = models.PositiveIntegerField()  # clients that would have been told

    class Meta:
        ordering = ("id",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["announcement", "worker"], name="mcp_one_report"),
        )

    def __str__(self) -> str:
        return f"{self.worker}: {self.told} of {self.listening}"
