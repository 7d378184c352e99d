"""Tests of mcp_transport.audit.statistics."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from mcp_transport.audit import statistics
from mcp_transport.audit.rollups import catch_up
from mcp_transport.audit.statistics import Statistics
from mcp_transport.audit.tallies import Entry, Window
from mcp_transport.models import RollupProgress
from tests.audit.called import NOW, call

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AGES = (0 * HOUR, 1 * MINUTE, 30 * MINUTE, 5 * HOUR, 3 * DAY, 20 * DAY)


@pytest.fixture(params=["before", "after"])
def calls(request: pytest.FixtureRequest, db: None) -> None:
    """Calls of all ages, before they were summed up and after."""
    for ago in AGES:
        call(ago)
    call(
        2 * MINUTE, server="books", entry="find", outcome="timeout", username="bob", client="Cursor"
    )
    if request.param == "after":
        catch_up("a", NOW)


@pytest.mark.parametrize(("name", "count"), [("1h", 4), ("24h", 5), ("7d", 6), ("30d", 7)])
def test_a_window_counts_what_began_in_it(calls: None, name: str, count: int) -> None:
    found = Statistics(Window.last(name, NOW))
    assert found.totals.calls == count
    assert sum(figures.calls for _, figures in found.series) == count
    assert sum(figures.calls for figures in found.by_server.values()) == count
    assert sum(figures.calls for figures in found.entries.values()) == count
    assert sum(figures.calls for figures in found.users.values()) == count
    assert found.totals.failed == 1


def test_figures_are_told_apart_by_what_was_called_and_who_called(calls: None) -> None:
    found = Statistics(Window.last("24h", NOW))
    assert {slug: figures.calls for slug, figures in found.by_server.items()} == {
        "shop": 4,
        "books": 1,
    }
    assert found.entries[Entry("books", "tool", "find")].failed == 1
    assert found.users["bob"].calls == found.clients["Cursor"].calls == 1
    assert found.tokens["7"].calls == 5
    assert found.by_server["shop"].last_at == NOW


def test_one_server_and_one_entry_have_figures_of_their_own(calls: None) -> None:
    window = Window.last("24h", NOW)
    assert Statistics(window, server="books").totals.calls == 1
    entry = Statistics(window, entry=Entry("shop", "tool", "order"))
    assert entry.totals.calls == 4
    assert sum(figures.calls for _, figures in entry.series) == 4


def test_every_bucket_of_a_series_is_there(calls: None) -> None:
    series = Statistics(Window.last("1h", NOW)).series
    assert len(series) == 60
    assert series[-1][1].calls == 1
    assert series[-2][1].calls == 1
    assert series[-10][1].calls == 0


def test_the_period_before_is_compared_up_to_the_same_time(db: None) -> None:
    for ago in (HOUR, HOUR, HOUR, 80 * MINUTE):
        call(ago)  # three in the last minute before, a third of which is comparable
    catch_up("a", NOW)
    before = Statistics(Window.last("1h", NOW)).totals_before
    assert before.calls == 2


def test_nothing_was_called(db: None) -> None:
    found = Statistics(Window.last("7d", NOW))
    assert (found.totals.calls, found.by_server, found.entries) == (0, {}, {})
    assert found.late_since is None


def test_newest_calls_that_are_too_many_are_left_out_and_it_is_said(
    calls: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    catch_up("a", NOW)
    monkeypatch.setattr(statistics, "TAIL_LIMIT", 0)
    found = Statistics(Window.last("24h", NOW))
    assert found.totals.calls == 4
    assert found.late_since == RollupProgress.objects.get().closed_until


def test_each_property_is_one_query(
    calls: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    found = Statistics(Window.last("24h", NOW))
    with django_assert_num_queries(4):
        assert found.totals.calls >= found.totals_before.calls
        assert found.by_server
        assert found.entries and found.users and found.clients and found.tokens
        assert found.series and found.late_since is None
