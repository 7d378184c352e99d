"""
Counts what is used under a key: over time, and at the moment.

A rate is kept as one number for a key: the time at which everything taken so
far is paid for, when it is paid for evenly. Whoever has used nothing lately may
take a minute's worth at once. A key that is paid up is forgotten without loss.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

Count = TypeVar("Count", int, float)

MINUTE = 60.0
# Sums of floats: a rate that is used exactly to its end is not exceeded.
ROUNDING = 1e-6  # seconds
KEY_LIMIT = 10_000  # keys with something to pay
DEBT_LIMIT = 10 * MINUTE  # beyond a minute's worth, which other processes can report
# Twice that stays below what one NOTIFY of PostgreSQL carries (bus.postgresql).
REPORT_BYTES = 3000  # of each half of a report, which a bus has to carry
NUMBER_BYTES = 24  # of an entry of a report, beside its key
SILENCE = 3.0  # seconds after which a process that says nothing runs nothing


class Report(msgspec.Struct, frozen=True):
    """What a process used since its last report, and what it runs at the moment."""

    spent: dict[str, float]  # seconds of rate
    running: dict[str, int]


class Limiter:
    """
    The counts of this worker process, with what others say of theirs.

    ``on_news`` is called when there is something to report, once until report()
    is called; without it nothing is kept for others.
    """

    def __init__(self, on_news: Callable[[], None] | None = None) -> None:
        self._on_news = on_news
        self._paid_at: dict[str, float] = {}  # monotonic seconds
        self._running: dict[str, int] = {}
        self._elsewhere: dict[str, int] = {}  # the sum of what others run
        self._reports: dict[str, tuple[float, Mapping[str, int]]] = {}  # by process
        self._spent: dict[str, float] = {}
        self._told: set[str] = set()  # what runs that others are to know of
        self._has_news = False

    def take(self, key: str, rate: int, count: int = 1, credit: float = 0.0) -> float:
        """
        Take so many of a rate: 0.0, or the seconds after which there are enough.

        Nothing is taken then. ``credit`` is how many seconds more than a minute's
        worth may be taken. More than a minute's worth at once needs an unused rate.
        """
        # The generic cell rate algorithm: one time for each key, no window, no tokens to refill.
        # Written out, for a request that has a limit comes through here each time.
        now = time.monotonic()
        cost = MINUTE / rate * count
        all_paid_at = self._paid_at
        paid_at = all_paid_at.get(key, now)
        paid_at = now + cost if paid_at < now else paid_at + cost
        wait = paid_at - now - credit - (cost if cost > MINUTE else MINUTE)
        if wait > ROUNDING:
            return wait
        all_paid_at[key] = paid_at
        if len(all_paid_at) > KEY_LIMIT:
            self._forget(now)
        if self._on_news is not None:
            self._spent[key] = self._spent.get(key, 0.0) + cost
            if not self._has_news:
                self._tell()
        return 0.0

    def give_back(self, key: str, rate: int, count: int = 1) -> None:
        """Undo a take()."""
        cost = MINUTE / rate * count
        if key in self._paid_at:
            self._paid_at[key] -= cost
        if key in self._spent:
            self._spent[key] -= cost

    def enter(self, key: str, most: int, *, is_told: bool = True) -> bool:
        """
        Count one that begins, unless there are as many already.

        What is told is counted over all processes, other things in this one.
        """
        running = self._running.get(key, 0)
        if running >= most or (self._elsewhere and self._run_elsewhere(key, most - running)):
            return False
        self._running[key] = running + 1
        if is_told and self._on_news is not None:
            self._told.add(key)
            self._tell()
        return True

    def leave(self, key: str) -> None:
        """Count one that has ended."""
        running = self._running.pop(key) - 1
        if running:
            self._running[key] = running
        if key in self._told:
            self._tell()

    def count(self, key: str) -> int:
        """How many run in this process."""
        return self._running.get(key, 0)

    @property
    def has_news(self) -> bool:
        """Whether others are to be told something, or told again."""
        return self._has_news or bool(self._told)

    def report(self) -> Report:
        """What others are to know, as much as one message carries; the rest comes next."""
        self._has_news = False
        running = {key: self._running.get(key, 0) for key in self._told}
        self._told = {key for key, count in running.items() if count}
        spent = dict(_fitting(self._spent))
        for key in spent:
            del self._spent[key]
        if self._spent:
            self._tell()
        return Report(spent, {key: count for key, count in _fitting(running) if count})

    def absorb(self, process: str, report: Report) -> None:
        """Count what another process reports."""
        now = time.monotonic()
        for key, seconds in report.spent.items():
            paid_at = max(self._paid_at.get(key, now), now) + seconds
            self._paid_at[key] = min(paid_at, now + MINUTE + DEBT_LIMIT)
        if report.running:
            self._reports[process] = (now, report.running)
        else:
            self._reports.pop(process, None)
        self._add_up(now)
        if len(self._paid_at) > KEY_LIMIT:
            self._forget(now)

    def _run_elsewhere(self, key: str, room: int) -> bool:
        """Whether others leave no room."""
        if self._elsewhere.get(key, 0) < room:
            return False
        self._add_up(time.monotonic())  # somebody who said so may be gone
        return self._elsewhere.get(key, 0) >= room

    def _add_up(self, now: float) -> None:
        self._reports = {
            process: told for process, told in self._reports.items() if now - told[0] <= SILENCE
        }
        self._elsewhere = {}
        for _told_at, running in self._reports.values():
            for key, count in running.items():
                self._elsewhere[key] = self._elsewhere.get(key, 0) + count

    def _tell(self) -> None:
        if not self._has_news and self._on_news is not None:
            self._has_news = True
            self._on_news()

    def _forget(self, now: float) -> None:
        """Drop what is paid; of too many that owe something, those that owe least."""
        owing = sorted((p, key) for key, p in self._paid_at.items() if p > now)
        self._paid_at = {key: paid_at for paid_at, key in owing[-KEY_LIMIT // 2 :]}
        if len(self._spent) > KEY_LIMIT:
            self._spent.clear()


def _fitting(counts: Mapping[str, Count]) -> list[tuple[str, Count]]:
    """As many as a message carries, the greatest first."""
    left = REPORT_BYTES
    fitting = []
    for key, count in sorted(counts.items(), key=lambda item: -item[1]):
        left -= len(key.encode()) + NUMBER_BYTES
        if left < 0:
            break
        fitting.append((key, count))
    return fitting
