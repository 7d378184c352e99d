"""Values from outside: which of them a database can keep, or compare its rows with. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MARGIN = timedelta(days=2)  # more than any two zones are apart
FIRST = datetime.min.replace(tzinfo=UTC) + MARGIN
LAST = datetime.max.replace(tzinfo=UTC) - MARGIN


def is_convertible(at: datetime) -> bool:
    """Whether a time has a name in every zone: at the ends of the calendar some have none."""
    return FIRST <= at.replace(tzinfo=UTC) <= LAST


def is_text(value: str) -> bool:
    """Whether it is made of whole characters: JSON and a terminal may bring half of one."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_comparable(value: object) -> bool:
    """Whether a column of the value's kind could hold it; times have their zone."""
    if isinstance(value, datetime):
        return value.tzinfo is not None and is_convertible(value)
    return not isinstance(value, str) or ("\0" not in value and is_text(value))
