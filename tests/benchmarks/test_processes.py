"""What /proc says is read as it is meant."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from benchmarks.processes import (
    TICKS,
    Stat,
    cores,
    counted,
    cpu_seconds,
    family,
    memory_kb,
    parse_memory,
    parse_stat,
    pinned,
)

REST = "S 12 7 7 0 -1 0 0 0 0 0 {user} {system} 900 900 20 0 1 0 5"


def test_a_name_may_hold_spaces_and_parentheses() -> None:
    text = f"77 (a (strange) name) {REST.format(user=3 * TICKS, system=TICKS)}"
    assert parse_stat(text) == Stat(pid=77, parent=12, seconds=4.0)


def test_a_family_is_a_process_and_all_that_descend_from_it() -> None:
    stats = [Stat(4, 3, 0.0), Stat(1, 0, 0.0), Stat(3, 2, 0.0), Stat(2, 1, 0.0), Stat(9, 1, 0.0)]
    assert {stat.pid for stat in family(2, stats)} == {2, 3, 4}


def test_those_of_a_family_can_be_counted_alone_that_run_a_command() -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(sleep) as child:
        try:
            assert child.pid in {stat.pid for stat in counted(os.getpid(), "")}
            assert [stat.pid for stat in counted(os.getpid(), "-c import time")] == [child.pid]
        finally:
            child.kill()


def test_memory_is_the_proportional_share() -> None:
    assert (
        parse_memory("00400000 [rollup]\nRss:    900 kB\nPss:    321 kB\nPss_Anon: 1 kB\n") == 321
    )


def test_memory_that_is_not_told_is_an_error() -> None:
    with pytest.raises(ValueError, match="Pss:"):
        parse_memory("Rss: 900 kB\n")


def test_this_process_uses_time_and_memory() -> None:
    before, end = cpu_seconds(os.getpid()), time.process_time() + 3 / TICKS
    while time.process_time() < end:
        pass
    assert cpu_seconds(os.getpid()) > before
    assert memory_kb(os.getpid()) > 1000


def test_a_command_is_kept_on_a_core_that_there_is() -> None:
    server, load = cores()
    assert {server, load} <= os.sched_getaffinity(0)
    assert pinned(server, ["echo", "x"]) == ["taskset", "--cpu-list", str(server), "echo", "x"]
