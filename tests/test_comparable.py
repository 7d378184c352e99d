"""Values that come with a query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mcp_transport.comparable import is_comparable, is_convertible

EAST, WEST = timezone(timedelta(hours=14)), timezone(-timedelta(hours=14))


def test_a_time_of_these_days_is_one_everywhere() -> None:
    assert is_convertible(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "at", [datetime(1, 1, 1, tzinfo=EAST), datetime(9999, 12, 31, 23, tzinfo=WEST)]
)
def test_a_time_that_another_zone_cannot_name_is_none(at: datetime) -> None:
    with pytest.raises(OverflowError):
        at.astimezone(UTC)
    assert not is_convertible(at)


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), True),
        (datetime(2026, 1, 1), False),  # noqa: DTZ001  the mistake
        (datetime(1, 1, 1, tzinfo=EAST), False),
        ("a", True),
        ("a\0", False),
        ("\ud800", False),
        (7, True),
        (None, True),
    ],
)
def test_a_row_is_compared_with_what_its_column_could_hold(value: object, is_one: bool) -> None:
    assert is_comparable(value) is is_one
