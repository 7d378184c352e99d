"""Tests of mcp_transport.audit.rollups."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db.models import Sum

from mcp_transport.audit import rollups
from mcp_transport.audit.buckets import Facet, Period
from mcp_transport.audit.rollups import DISORDER, LEASE, catch_up, outdated, step
from mcp_transport.models import Rollup, RollupProgress
from tests.audit.called import NOW, call, call_at

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def counted(period: Period = Period.MINUTE) -> int:
    """The calls in the sums of a period."""
    rows = Rollup.objects.filter(period=period, facet=Facet.SERVER)
    return rows.aggregate(calls=Sum("calls"))["calls"] or 0


def until() -> datetime:
    """How far the sums go."""
    return RollupProgress.objects.get().closed_until


def test_minutes_that_are_over_are_summed_up_and_the_open_one_is_not(db: None) -> None:
    for ago in (0, 1, 2):
        call(ago * MINUTE)
    catch_up("a", NOW)
    assert counted() == counted(Period.HOUR) == counted(Period.DAY) == 2
    assert until() == NOW.replace(second=0)


def test_time_without_calls_is_passed_over(db: None) -> None:
    catch_up("a", NOW)
    assert catch_up("a", NOW + 5 * HOUR) == 0
    assert until() == (NOW + 5 * HOUR).replace(second=0)


def test_what_was_recorded_before_there_were_sums_is_summed_up_by_hours(db: None) -> None:
    for ago in (3 * HOUR, 50 * HOUR, 50 * HOUR, 20 * DAY):
        call(ago)
    catch_up("a", NOW)
    assert (counted(), counted(Period.HOUR), counted(Period.DAY)) == (0, 4, 4)


def test_a_row_that_comes_late_opens_its_minute_again(db: None) -> None:
    catch_up("a", NOW)
    call(10 * MINUTE)
    step("a", NOW + MINUTE)
    assert counted() == counted(Period.HOUR) == 1


def test_a_row_that_comes_very_late_opens_its_hour_again(db: None) -> None:
    call(60 * HOUR)
    catch_up("a", NOW)
    call(60 * HOUR)
    step("a", NOW + MINUTE)
    assert counted(Period.HOUR) == counted(Period.DAY) == 2


def test_a_row_that_was_committed_out_of_order_is_found(db: None) -> None:
    catch_up("a", NOW)
    last = until()
    call_at(last + timedelta(seconds=59))
    step("a", last + MINUTE + timedelta(seconds=4))
    unseen = call_at(last + timedelta(seconds=58))
    RollupProgress.objects.update(next_seen_id=unseen.pk, seen_id=unseen.pk)
    step("a", last + MINUTE + timedelta(seconds=5) + DISORDER)
    assert counted() == 2


def test_work_goes_on_in_bounded_steps(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "TOGETHER", 1)
    step("a", NOW)
    for ago in (5, 4, 3):
        call_at(NOW + (6 - ago) * MINUTE)
    later = NOW + 10 * MINUTE
    assert [step("a", later, budget=0.0) for _ in range(4)] == [1, 1, 1, 0]
    assert counted() == 3


def test_only_one_worker_process_holds_the_work(db: None) -> None:
    step("a", NOW)
    assert step("b", NOW) is None
    assert catch_up("b", NOW) is None
    assert step("b", NOW + LEASE + MINUTE) is not None
    assert step("a", NOW + LEASE + MINUTE) is None


def test_who_has_caught_up_leaves_the_work_to_others(db: None) -> None:
    catch_up("a", NOW)
    assert step("b", NOW) is not None


def test_two_worker_processes_that_begin_at_once_begin_once(db: None) -> None:
    step("a", NOW)
    step("b", NOW)
    assert RollupProgress.objects.get().holder == "a"


def test_sums_are_kept_as_long_as_their_period_says(db: None) -> None:
    for ago in (HOUR, 49 * HOUR, 91 * DAY):
        call(ago)
    catch_up("a", NOW)
    gone = {rows[0].period for rows in outdated(NOW + 2 * DAY) if rows}
    assert gone == {Period.MINUTE}
