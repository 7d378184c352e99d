"""Tests of mcp_transport.sources.stdio.supervisor: nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_transport.sources.stdio.process import SUPERVISOR
from tests.sources.stdio.conftest import command, is_alive

# What a worker process is to a supervisor: it holds the pipes and the lifeline, and can be killed.
OWNER = """
import os, subprocess, sys
theirs, ours = os.pipe()
supervisor = subprocess.Popen(
    [sys.executable, "-I", "-S", sys.argv[1], str(theirs), sys.argv[2], *sys.argv[3:]],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[theirs], start_new_session=True,
)
os.close(theirs)
supervisor.stdin.write(sys.stdin.buffer.readline())
supervisor.stdin.flush()
sys.stdout.buffer.write(supervisor.stdout.readline())
sys.stdout.flush()
sys.stdin.read()
"""
SPAWN = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}


def gone_within(seconds: float, processes: list[int]) -> bool:
    """Whether none of them lives, after so long at the most."""
    until = time.monotonic() + seconds
    while any(map(is_alive, processes)) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(map(is_alive, processes))


class Owner:
    """A process that owns a program which has left somebody behind."""

    def __init__(self, *program: str, limits: str = "", tool: str = "spawn") -> None:
        ran = [sys.executable, "-I", "-S", "-c", OWNER, str(SUPERVISOR), limits, *program]
        self.process = subprocess.Popen(ran, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        asked = {**SPAWN, "params": {"name": tool, "arguments": {}}}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        said: dict[str, Any] = json.loads(answer["result"]["content"][0]["text"])
        self.said = said
        self.supervisor = parent_of(said["pid"])
        self.all = [
            self.supervisor,
            said["pid"],
            *([said["stubborn"]] if "stubborn" in said else []),
        ]

    def close(self) -> None:
        """End it, if it has not ended."""
        self.process.kill()
        self.process.communicate()


def parent_of(process: int) -> int:
    """The parent of a process."""
    return int(Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[1])


@pytest.fixture
def owner() -> Any:
    """A process with a program that has left a child in a session of its own."""
    owner = Owner(*command())
    yield owner
    owner.close()
    for process in owner.all:
        if is_alive(process):
            os.kill(process, signal.SIGKILL)


def kill_owner(owner: Owner) -> None:
    owner.process.kill()


def ask_supervisor(owner: Owner) -> None:
    os.kill(owner.supervisor, signal.SIGTERM)


def kill_program(owner: Owner) -> None:
    os.kill(owner.said["pid"], signal.SIGKILL)


@pytest.mark.parametrize("end", [kill_owner, ask_supervisor, kill_program])
def test_nothing_is_left_two_seconds_after(owner: Owner, end: Callable[[Owner], None]) -> None:
    assert all(map(is_alive, owner.all))
    end(owner)
    assert gone_within(2.0, owner.all)


def test_a_program_dies_with_a_supervisor_that_was_killed(owner: Owner) -> None:
    os.kill(owner.supervisor, signal.SIGKILL)
    assert gone_within(2.0, owner.all[:2])


def test_what_a_program_leaves_behind_is_adopted(owner: Owner) -> None:
    os.kill(owner.said["pid"], signal.SIGSTOP)
    assert parent_of(owner.said["stubborn"]) == owner.said["pid"]
    os.kill(owner.supervisor, signal.SIGTERM)
    assert gone_within(2.0, owner.all)


def test_limits_hold_in_the_program() -> None:
    shows = (
        "import json, resource as r, sys; sys.stdin.readline();"
        "found = [r.getrlimit(n)[0] for n in (r.RLIMIT_CORE, r.RLIMIT_NOFILE, r.RLIMIT_AS)];"
        "import os; said = json.dumps({'found': found, 'pid': os.getpid()});"
        "print(json.dumps({'result': {'content': [{'text': said}]}}), flush=True);"
        "sys.stdin.read()"
    )
    limits = "open_files=64,memory=1000000000"
    owner = Owner(sys.executable, "-I", "-S", "-c", shows, limits=limits)
    owner.close()
    assert owner.said["found"] == [0, 64, 1_000_000_000]
    assert gone_within(2.0, owner.all)


def test_a_program_that_is_not_there_is_told() -> None:
    theirs, ours = os.pipe()
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(SUPERVISOR), str(theirs), "", "/no/such/program"],
        pass_fds=[theirs],
        capture_output=True,
        timeout=100,
    )
    os.close(theirs)
    os.close(ours)
    assert ran.returncode == 127
    assert b"/no/such/program cannot be run" in ran.stderr
