"""Figures as a person reads them."""

from __future__ import annotations

import datetime

from django.utils import timezone

MILLISECOND = 1000  # microseconds
SECOND = 1_000_000
NONE = "–"
SPACE = "\N{NO-BREAK SPACE}"  # a number and its unit stay together


def count(number: int) -> str:
    """A number of things: "1,331"."""
    return f"{number:,}"


def calls(number: int) -> str:
    """A number of calls: "1 call", "1,331 calls"."""
    return f"{count(number)} call{'' if number == 1 else 's'}"


def duration(microseconds: float | None) -> str:
    """A span of time: "0.4 ms", "212 ms", "3.1 s"."""
    if microseconds is None:
        return NONE
    if microseconds >= SECOND:
        return f"{microseconds / SECOND:.1f}{SPACE}s"
    milliseconds = microseconds / MILLISECOND
    return f"{milliseconds:.{1 if milliseconds < 9.95 else 0}f}{SPACE}ms"


def share(part: int, whole: int) -> str:
    """A part of a whole: "0.9 %"; a dash where there is no whole."""
    if not whole:
        return NONE
    percent = 100 * part / whole
    if part and percent < 0.1:
        return f"<{SPACE}0.1{SPACE}%"
    return f"{percent:.{1 if percent < 10 and part else 0}f}{SPACE}%"


def change(now: float | None, before: float | None) -> str:
    """How a figure moved: "+4 %", "−12 %", "no change"; empty where nothing was before."""
    if now is None or not before:
        return ""
    percent = round(100 * (now - before) / before)
    if not percent:
        return "no change"
    return f"{'+' if percent > 0 else '−'}{min(abs(percent), 9999):,}{SPACE}%"


def age(moment: datetime.datetime, now: datetime.datetime | None = None) -> str:
    """How long ago: "3 min ago"; for the time to come "in 3 min"."""
    seconds = ((now or datetime.datetime.now(datetime.UTC)) - moment).total_seconds()
    span = in_words(abs(seconds))
    if span == "now":
        return "just now"
    return f"{span} ago" if seconds >= 0 else f"in {span}"


def in_words(seconds: float) -> str:
    """A span in its largest unit: "12 min"; below some seconds "now"."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (5, "s")):
        if seconds >= size:
            return f"{seconds // (1 if unit == 's' else size):.0f} {unit}"
    return "now"


def absolute(moment: datetime.datetime) -> str:
    """A time with its offset: "2026-01-31 13:42:01 UTC+01:00"."""
    local = timezone.localtime(moment)
    offset = local.strftime("%z")
    zone = "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:]}"
    return f"{local:%Y-%m-%d %H:%M:%S} {zone}"
