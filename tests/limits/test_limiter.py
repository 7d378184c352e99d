from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_transport.limits import limiter as limiter_module
from mcp_transport.limits.limiter import Limiter, Report
from mcp_transport.testing.clock import Clock


@pytest.fixture
def clock() -> Iterator[Clock]:
    with Clock() as moving:
        yield moving


def taken(limiter: Limiter, rate: int, tries: int, *, key: str = "a") -> int:
    return sum(not limiter.take(key, rate) for _ in range(tries))


def test_a_minutes_worth_may_come_at_once_and_then_evenly(clock: Clock) -> None:
    limiter = Limiter()
    assert taken(limiter, 60, 100) == 60
    assert 0.5 < limiter.take("a", 60) <= 1.0
    clock.advance(1)
    assert taken(limiter, 60, 5) == 1
    clock.advance(3600)
    assert taken(limiter, 60, 100) == 60


def test_keys_do_not_share() -> None:
    limiter = Limiter()
    assert taken(limiter, 2, 5) == taken(limiter, 2, 5, key="b") == 2


def test_what_is_refused_takes_nothing_and_what_is_given_back_can_be_taken() -> None:
    limiter = Limiter()
    assert taken(limiter, 2, 50) == 2
    limiter.give_back("a", 2)
    assert taken(limiter, 2, 50) == 1
    limiter.give_back("b", 2)  # which took nothing
    assert taken(limiter, 2, 50, key="b") == 2


def test_more_than_a_minutes_worth_needs_an_unused_rate() -> None:
    limiter = Limiter()
    assert not limiter.take("a", 6, 10)
    assert 95 < limiter.take("a", 6, 10) <= 100


def test_credit_allows_some_more() -> None:
    limiter = Limiter()
    assert taken(limiter, 2, 5) == 2
    assert [bool(limiter.take("a", 2, credit=60.0)) for _ in range(3)] == [False, False, True]


def test_so_many_run_at_once() -> None:
    limiter = Limiter()
    assert [limiter.enter("a", 2) for _ in range(3)] == [True, True, False]
    assert limiter.count("a") == 2
    limiter.leave("a")
    assert limiter.enter("a", 2)
    limiter.leave("a")
    limiter.leave("a")
    assert limiter.count("a") == 0


def test_what_another_process_used_is_counted_here(clock: Clock) -> None:
    one, other = Limiter(lambda: None), Limiter(lambda: None)
    assert taken(one, 60, 60) == 60
    other.absorb("one", one.report())
    assert taken(other, 60, 5) == 0
    clock.advance(1)
    assert taken(other, 60, 5) == 1
    assert one.report().spent == {}  # told once


def test_what_runs_in_another_process_is_counted_here(clock: Clock) -> None:
    one, other = Limiter(lambda: None), Limiter(lambda: None)
    assert one.enter("a", 2)
    other.absorb("one", one.report())
    assert [other.enter("a", 2), other.enter("a", 2)] == [True, False]
    one.leave("a")
    other.absorb("one", one.report())
    assert other.enter("a", 2)


def test_a_process_that_says_nothing_any_more_runs_nothing(clock: Clock) -> None:
    limiter = Limiter(lambda: None)
    limiter.absorb("dead", Report({}, {"a": 5}))
    assert not limiter.enter("a", 2)
    clock.advance(limiter_module.SILENCE + 1)
    assert limiter.enter("a", 2)


def test_what_runs_is_told_until_it_has_ended() -> None:
    told: list[str] = []
    limiter = Limiter(lambda: told.append("news"))
    limiter.enter("a", 5)
    limiter.enter("a", 5)
    assert told == ["news"]
    assert limiter.report().running == {"a": 2}
    assert limiter.has_news  # it still runs
    assert limiter.report().running == {"a": 2}
    limiter.leave("a")
    limiter.leave("a")
    assert told == ["news", "news"]
    assert limiter.report().running == {}
    assert not limiter.has_news


def test_what_is_not_told_stays_here() -> None:
    limiter = Limiter(lambda: pytest.fail("there is no news"))
    assert limiter.enter("stream", 5, is_told=False)
    assert limiter.report() == Report({}, {})
    limiter.leave("stream")


def test_alone_nothing_is_kept_for_others() -> None:
    limiter = Limiter()
    limiter.take("a", 5)
    limiter.enter("a", 5)
    assert limiter.report() == Report({}, {})
    assert not limiter.has_news


def test_a_report_fits_into_a_message_and_the_rest_comes_next() -> None:
    limiter = Limiter(lambda: None)
    for number in range(500):
        limiter.take(f"key {number:04}", 60)
    limiter.take("much", 60, 50)
    first = limiter.report()
    assert "much" in first.spent
    told = len(first.spent)
    assert 50 < told < 500
    while limiter.has_news:
        told += len(limiter.report().spent)
    assert told == 501


def test_no_report_makes_anybody_wait_for_ever(clock: Clock) -> None:
    limiter = Limiter(lambda: None)
    limiter.absorb("mad", Report({"a": 1e12}, {}))
    clock.advance(limiter_module.DEBT_LIMIT + 60)
    assert not limiter.take("a", 60)


def test_keys_are_forgotten_when_they_owe_nothing(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter_module, "KEY_LIMIT", 100)
    limiter = Limiter()
    for number in range(100):
        limiter.take(str(number), 60)
    clock.advance(60)
    assert taken(limiter, 2, 5, key="late") == 2
    assert list(limiter._paid_at) == ["late"]


def test_of_too_many_keys_those_that_owe_most_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter_module, "KEY_LIMIT", 100)
    limiter = Limiter()
    assert taken(limiter, 60, 100, key="greedy") == 60
    for number in range(1000):
        limiter.take(str(number), 60)
    assert len(limiter._paid_at) <= 100
    assert limiter.take("greedy", 60)
