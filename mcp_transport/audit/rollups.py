"""
Keeps the sums over the record of calls up to date, in steps of bounded work.

One worker process at a time holds the work. A minute is summed up when it is
over; a call that is written later, because it took long, opens its minute
again. What was recorded before there were sums is done backwards, by hours.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable, Iterator

from django.db import transaction
from django.db.models import Max, Min, Q, QuerySet

from mcp_transport.audit.buckets import LENGTHS, Facet, Moment, Period, build, floor
from mcp_transport.models import Call, Rollup, RollupProgress

MINUTE, HOUR, DAY = LENGTHS[Period.MINUTE], LENGTHS[Period.HOUR], LENGTHS[Period.DAY]
#: How long buckets are kept.
LIFETIMES = {Period.MINUTE: 48 * HOUR, Period.HOUR: 90 * DAY, Period.DAY: 2 * 365 * DAY}
GRACE = datetime.timedelta(seconds=3)  # from the end of a minute until it is summed up
LEASE = datetime.timedelta(seconds=30)
#: Within this time rows are committed that were not when a later one could be read.
DISORDER = datetime.timedelta(seconds=30)
RECENT = datetime.timedelta(minutes=1)  # what is summed up once more after that time
LATE_ROWS = 2000  # that one step looks at
TOGETHER = 6  # minutes or hours that are summed up before anybody looks at the clock
BUDGET = 0.25  # seconds of a step after which it begins nothing more
PROGRESS = 1  # the key of the one row


def step(holder: str, now: Moment | None = None, *, budget: float = BUDGET) -> int | None:
    """
    Do a little of what there is to do; how many minutes and hours were summed up.

    None while another worker process holds the work.
    """
    now = now or _now()
    progress = _claim(holder, now)
    if progress is None:
        return None
    end = time.monotonic() + budget
    _reopen(progress, now)
    progress.save()
    return _close(progress, now, end) + _fill(progress, end)


def catch_up(holder: str, now: Moment | None = None, *, lets_go: bool = True) -> int | None:
    """Do all that there is to do; how much it was, or None while another holds the work."""
    count = 0
    while done := step(holder, now, budget=10.0):
        count += done
    if lets_go:
        let_go(holder)
    return None if done is None else count


def let_go(holder: str) -> None:
    """Leave the work to others."""
    RollupProgress.objects.filter(holder=holder).update(holder="")


def outdated(now: Moment | None = None) -> Iterator[QuerySet[Rollup]]:
    """The sums that are older than their period is kept for."""
    for period, lifetime in LIFETIMES.items():
        yield Rollup.objects.filter(
            period=period, facet__in=Facet.values, started_at__lt=(now or _now()) - lifetime
        )


def _claim(holder: str, now: Moment) -> RollupProgress | None:
    """Take the work, or keep it; None when it is another's."""
    rows = RollupProgress.objects.filter(pk=PROGRESS)
    is_free = Q(holder=holder) | Q(held_until__lt=now) | Q(holder="")
    if rows.filter(is_free).update(holder=holder, held_until=now + LEASE):
        return rows.get()
    if not rows.exists():
        RollupProgress.objects.bulk_create([_beginning(holder, now)], ignore_conflicts=True)
        return rows.filter(holder=holder).first()
    return None


def _beginning(holder: str, now: Moment) -> RollupProgress:
    """Begin two hours ago with minutes, and go backwards by hours from there."""
    first = Call.objects.aggregate(at=Min("started_at"))["at"] or now
    start = floor(now - 2 * HOUR, Period.HOUR)
    last = Call.objects.aggregate(id=Max("id"))["id"] or 0
    return RollupProgress(
        pk=PROGRESS,
        closed_until=start,
        filled_from=start,
        first_call_at=max(first, now - LIFETIMES[Period.HOUR]),
        seen_id=last,
        next_seen_id=last,
        rechecked_at=now,
        holder=holder,
        held_until=now + LEASE,
    )


def _close(progress: RollupProgress, now: Moment, end: float) -> int:
    """Sum up the minutes that are over."""
    last = floor(now - GRACE, Period.MINUTE)
    count = 0
    while progress.closed_until < last and (not count or time.monotonic() < end):
        minutes: list[Moment] = []
        while progress.closed_until < last and len(minutes) < TOGETHER:
            start = _next_call(progress.closed_until, last)
            progress.closed_until = min(start + MINUTE, last)
            minutes += [start] if start < last else []
        with transaction.atomic():  # whoever reads finds a call in the sums, or behind them
            _build_all(minutes)
            progress.save(update_fields=["closed_until"])
        count += len(minutes)
    return count


def _next_call(since: Moment, until: Moment) -> Moment:
    """The next minute in which a call began: nothing is summed up while nobody calls."""
    calls = Call.objects.filter(started_at__gte=since, started_at__lt=until)
    first = calls.aggregate(at=Min("started_at"))["at"]
    return until if first is None else floor(first, Period.MINUTE)


def _reopen(progress: RollupProgress, now: Moment) -> None:
    """Sum up again the minutes for which a row came late."""
    rows = Call.objects.filter(
        id__gt=progress.seen_id, started_at__lt=progress.closed_until - RECENT
    )
    seen = list(rows.order_by("id").values_list("id", "started_at")[:LATE_ROWS])
    minutes = {floor(at, Period.MINUTE) for _, at in seen}
    if now - progress.rechecked_at >= DISORDER:
        minutes.add(progress.closed_until - RECENT)
        progress.seen_id = progress.next_seen_id
        progress.next_seen_id = Call.objects.aggregate(id=Max("id"))["id"] or 0
        progress.rechecked_at = now
    if len(seen) == LATE_ROWS:  # more are waiting: the next step goes on behind these
        progress.seen_id = seen[-1][0]
    # Hours whose minutes are gone, or never were, are summed up from the calls.
    first = max(progress.filled_from, now - LIFETIMES[Period.MINUTE] + HOUR)
    _build_all(sorted(at for at in minutes if at >= first))
    _fill_hours(sorted({floor(at, Period.HOUR) for at in minutes if at < first}))


def _build_all(minutes: Iterable[Moment]) -> None:
    """Sum up minutes, then the hours and days that they are in."""
    minutes = list(minutes)
    for start in minutes:
        build(Period.MINUTE, start)
    for start in sorted({floor(minute, Period.HOUR) for minute in minutes}):
        build(Period.HOUR, start)
    for start in sorted({floor(minute, Period.DAY) for minute in minutes}):
        build(Period.DAY, start)


def _fill(progress: RollupProgress, end: float) -> int:
    """Sum up, hour by hour, what was recorded before there were sums."""
    count = 0
    while progress.filled_from > progress.first_call_at and time.monotonic() < end:
        hours: list[Moment] = []
        while progress.filled_from > progress.first_call_at and len(hours) < TOGETHER:
            last = _last_call(progress.first_call_at, progress.filled_from)
            progress.filled_from = progress.first_call_at if last is None else last
            hours += [] if last is None else [last]
        _fill_hours(hours)
        progress.save(update_fields=["filled_from"])
        count += len(hours)
    return count


def _last_call(since: Moment, until: Moment) -> Moment | None:
    """The last hour in which a call began."""
    calls = Call.objects.filter(started_at__gte=since, started_at__lt=until)
    last = calls.aggregate(at=Max("started_at"))["at"]
    return None if last is None else floor(last, Period.HOUR)


def _fill_hours(hours: Iterable[Moment]) -> None:
    """Sum up hours from the calls themselves, then the days that they are in."""
    hours = list(hours)
    for start in hours:
        build(Period.HOUR, start, from_calls=True)
    for start in sorted({floor(hour, Period.DAY) for hour in hours}):
        build(Period.DAY, start)


def _now() -> Moment:
    return datetime.datetime.now(datetime.UTC)
