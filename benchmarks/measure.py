"""Measures one case on a running server."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from benchmarks import messages, wrk
from benchmarks.cases import Case
from benchmarks.environments import PROJECT
from benchmarks.figures import Figures
from benchmarks.messages import Address, Request
from benchmarks.processes import pinned
from benchmarks.servers import Server, ServerFailedError

LIMIT = 180  # seconds for a generator to say the next line
ANNOUNCEMENTS = 30
WARM_STREAMS = 20
QUIET = 0.02  # seconds of CPU within a quarter of one, below which a server is at rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to measure, and on which core the load runs."""

    seconds: float
    rounds: int
    warm_up: float
    load_core: int


def settle(server: Server) -> float:
    """Wait until the server is at rest; the CPU it has used by then."""
    used, deadline = server.cpu(), time.monotonic() + 5
    while time.monotonic() < deadline:
        time.sleep(0.25)
        before, used = used, server.cpu()
        if used - before <= QUIET:
            break
    return used


def measure(case: Case, server: Server, effort: Effort) -> Figures:
    """One round of a case."""
    return MEASURES[case.kind](case, server, effort)


def requests_of(case: Case, server: Server) -> list[Request]:
    """What wrk sends: the call, or the call in a session for each connection."""
    if case.era == "modern":
        return [messages.modern_call(server.address(server.target.modern), case.tool)]
    address = server.address(server.target.legacy)
    sessions = [open_session(server, address) for _ in range(case.count)]
    return [messages.legacy_call(address, case.tool, session) for session in sessions]


def open_session(server: Server, address: Address) -> str:
    """The handshake of a session that stays open."""
    answer = server.ask(messages.initialize(address))
    session = answer.get("mcp-session-id")
    if session is None:
        raise ServerFailedError(f"{server.target.name} gives no session: {answer.body!r}")
    server.ask(messages.initialized(address, session))
    return session


def prove(server: Server, request: Request) -> None:
    """Raise ServerFailedError unless the tool says what it was told."""
    answer = server.ask(request)
    if answer.status != 200 or b"hello" not in answer.body or b'"isError":true' in answer.body:
        raise ServerFailedError(
            f"{server.target.name} answers {answer.status}: {answer.body[:500]!r}"
        )


def measure_echo(case: Case, server: Server, effort: Effort) -> Figures:
    """Calls in a closed loop."""
    if case.era == "socket":
        return measure_generated(
            "calls", server.address(server.target.socket), case, server, effort
        )
    requests = requests_of(case, server)
    prove(server, requests[0])
    path = server.place.folder / "echo.lua"
    path.write_text(wrk.script(requests), encoding="ascii")
    port, core = server.place.port, effort.load_core
    if effort.warm_up:
        wrk.run(path, port=port, connections=case.count, seconds=effort.warm_up, core=core)
    before = settle(server)
    load = wrk.run(path, port=port, connections=case.count, seconds=effort.seconds, core=core)
    used = settle(server) - before
    if not load.requests:
        raise ServerFailedError(f"{server.target.name} answered nothing: {server.said()}")
    return Figures(
        cost=used / load.requests * 1e6,
        rate=load.requests / load.seconds,
        p50=load.p50,
        p99=load.p99,
        busy=load.busy,
        errors=load.errors,
    )


def measure_cycle(case: Case, server: Server, effort: Effort) -> Figures:
    """Sessions opened and closed in a closed loop."""
    address = server.address(server.target.legacy)
    return measure_generated("sessions", address, case, server, effort)


def measure_generated(
    what: str, address: Address, case: Case, server: Server, effort: Effort
) -> Figures:
    """What a generator of ours does in a closed loop."""
    for seconds in (effort.warm_up, effort.seconds):
        before = settle(server)
        wanted = described(address) | {"count": case.count, "seconds": seconds or 1}
        with generator(what, json.dumps(wanted), effort.load_core) as load:
            said = next_line(load)
    used = settle(server) - before
    return Figures(
        cost=used / said["done"] * 1e6,
        rate=said["done"] / said["seconds"],
        p50=said["p50"],
        p99=said["p99"],
        busy=said["busy"],
    )


def measure_idle(case: Case, server: Server, effort: Effort) -> Figures:
    """Memory of streams on which nothing happens; the server must be a fresh one."""
    with open_streams(case, server, effort, WARM_STREAMS):
        settle(server)
    settle(server)
    before = server.memory()
    with open_streams(case, server, effort, case.count):
        settle(server)
        held = server.memory() - before
    return Figures(cost=held / case.count)


def measure_fanout(case: Case, server: Server, effort: Effort) -> Figures:
    """One change, told to every stream; the latency is that of the last one."""
    with open_streams(case, server, effort, case.count) as load:
        say(load, "announce")
        next_line(load)
        before = settle(server)
        said = []
        for _ in range(ANNOUNCEMENTS):
            say(load, "announce")
            said.append(next_line(load))
        used = settle(server) - before
    took = sorted(line["milliseconds"] for line in said)
    messages_told = ANNOUNCEMENTS * case.count
    return Figures(
        cost=used / messages_told * 1e6,
        rate=messages_told / (sum(took) / 1000),
        p50=median(took),
        p99=took[-1],
        busy=mean(line["busy"] for line in said),
    )


MEASURES = {
    "echo": measure_echo, "cycle": measure_cycle, "idle": measure_idle, "fanout": measure_fanout,
}  # fmt: skip


def described(address: Address) -> dict[str, Any]:
    """An address for a generator's command line."""
    return {"port": address.port, "path": address.path, "token": address.token}


@contextmanager
def open_streams(
    case: Case, server: Server, effort: Effort, count: int
) -> Iterator[subprocess.Popen[str]]:
    """A generator that holds so many streams."""
    target = server.target
    paths = {
        "modern": target.listen or target.modern, "legacy": target.legacy, "socket": target.socket,
    }  # fmt: skip
    path = paths[case.era]
    wanted = described(server.address(path)) | {"era": case.era, "count": count}
    arguments = json.dumps(wanted | {"announce": target.announce or target.modern})
    with generator("streams", arguments, effort.load_core) as load:
        next_line(load)
        yield load
        say(load, "stop")
        next_line(load)


@contextmanager
def generator(what: str, arguments: str, core: int) -> Iterator[subprocess.Popen[str]]:
    """The generator as a process of its own; a limit on all that it does."""
    command = pinned(core, [sys.executable, "-m", "benchmarks.load", what, arguments])
    load = subprocess.Popen(
        command, cwd=PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    timer = threading.Timer(LIMIT, load.kill)
    timer.start()
    try:
        yield load
        load.communicate(timeout=LIMIT)
    finally:
        timer.cancel()
        load.kill()
        load.communicate()


def say(load: subprocess.Popen[str], line: str) -> None:
    """Tell a generator what to do."""
    assert load.stdin is not None
    load.stdin.write(f"{line}\n")
    load.stdin.flush()


def next_line(load: subprocess.Popen[str]) -> dict[str, Any]:
    """What a generator says. Raises ServerFailedError when it has ended instead."""
    assert load.stdout is not None and load.stderr is not None
    line = load.stdout.readline()
    if not line:
        last = load.stderr.read().strip().rpartition("\n")[2]
        raise ServerFailedError(f"The load ended early: {last[:1000]}")
    said: dict[str, Any] = json.loads(line)
    return said
