"""Tests of mcp_transport.audit.buckets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mcp_transport.audit import buckets
from mcp_transport.audit.buckets import DENIED, Facet, Period, build, floor
from mcp_transport.models import Rollup
from tests.audit.called import NOW, call

MINUTE = floor(NOW, Period.MINUTE)


def rows(period: Period = Period.MINUTE, **fields: object) -> list[Rollup]:
    """The sums that were made."""
    return list(Rollup.objects.filter(period=period, **fields).order_by("key", "outcome"))


@pytest.mark.parametrize(
    ("period", "start"),
    [
        (Period.MINUTE, datetime(2026, 3, 5, 14, 30, tzinfo=UTC)),
        (Period.HOUR, datetime(2026, 3, 5, 14, tzinfo=UTC)),
        (Period.DAY, datetime(2026, 3, 5, tzinfo=UTC)),
    ],
)
def test_a_bucket_begins_on_the_clock_of_utc(period: Period, start: datetime) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert floor(elsewhere, period) == start


def test_a_call_counts_once_in_every_facet(db: None) -> None:
    call(duration_us=1000)
    call(duration_us=3000)
    build(Period.MINUTE, MINUTE)
    assert {row.facet: (row.key, row.calls, row.total_us, row.longest_us) for row in rows()} == {
        Facet.SERVER: ("", 2, 4000, 3000),
        Facet.ENTRY: ("order", 2, 4000, 3000),
        Facet.CLIENT: ("Claude 1", 2, 4000, 3000),
        Facet.USER: ("alice", 2, 4000, 3000),
        Facet.TOKEN: ("7", 2, 4000, 3000),
    }


def test_every_call_is_in_one_latency_counter(db: None) -> None:
    for duration in (0, 499, 500, 1_249, 1_250, 10**12):
        call(duration_us=duration)
    build(Period.MINUTE, MINUTE)
    (row,) = rows(facet=Facet.SERVER)
    assert (row.latency_00, row.latency_01, row.latency_02, row.latency_15) == (2, 2, 1, 1)


def test_building_a_bucket_again_changes_nothing_but_what_came_late(db: None) -> None:
    call()
    assert build(Period.MINUTE, MINUTE) == build(Period.MINUTE, MINUTE)
    call()
    build(Period.MINUTE, MINUTE)
    assert [row.calls for row in rows(facet=Facet.SERVER)] == [2]


def test_coarser_buckets_are_summed_up_from_finer_ones(db: None) -> None:
    for ago in (0, 1, 2):
        call(timedelta(minutes=ago), duration_us=1000 * (ago + 1))
        build(Period.MINUTE, floor(NOW - timedelta(minutes=ago), Period.MINUTE))
    build(Period.HOUR, floor(NOW, Period.HOUR))
    build(Period.DAY, floor(NOW, Period.DAY))
    for period in (Period.HOUR, Period.DAY):
        (row,) = rows(period, facet=Facet.ENTRY)
        assert (row.calls, row.total_us, row.longest_us, row.last_at) == (3, 6000, 3000, NOW)
        assert (row.latency_01, row.latency_02) == (1, 2)


def test_an_hour_can_be_summed_up_from_the_calls_themselves(db: None) -> None:
    call(timedelta(minutes=20))
    build(Period.HOUR, floor(NOW, Period.HOUR), from_calls=True)
    assert [row.calls for row in rows(Period.HOUR, facet=Facet.SERVER)] == [1]


def test_calls_for_what_is_not_there_are_denied_and_their_names_are_not_kept(db: None) -> None:
    call(kind="", entry="made up", outcome="error")
    build(Period.MINUTE, MINUTE)
    (row,) = rows(facet=Facet.ENTRY)
    assert (row.key, row.kind, row.outcome) == ("", "", DENIED)


def test_a_client_with_many_names_fills_no_table(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "MOST_KEYS", 2)
    for name in ("a", "a", "b", "b", "c", "d"):
        call(client=name)
    build(Period.MINUTE, MINUTE)
    assert {row.key: row.calls for row in rows(facet=Facet.CLIENT)} == {"a": 2, "b": 2, "": 2}
