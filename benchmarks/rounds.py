"""Interleaved rounds: every server once, then every server again."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

from benchmarks.cases import WHAT, Case
from benchmarks.figures import Figures
from benchmarks.measure import Effort, measure
from benchmarks.servers import Server, ServerFailedError, running, running_postgres, running_redis
from benchmarks.targets import TARGETS

MUST_RUN = ("bare", "ours")  # the beginning of their names; a peer may fail


class Rounds:
    """What has been measured so far, and what could not be."""

    def __init__(self, cases: Sequence[Case], effort: Effort, folder: Path, core: int) -> None:
        self.figures: dict[str, list[Figures]] = defaultdict(list)
        self.failures: dict[str, str] = {}
        self._cases = cases
        self._effort = effort
        self._folder = folder
        self._core = core
        self._database_url = self._redis_url = ""
        self._done = 0

    def run(self) -> None:
        """Measure everything."""
        with ExitStack() as stack:
            if any(TARGETS[case.target].wants_postgres for case in self._cases):
                postgres = running_postgres(self._folder / "postgres", core=self._effort.load_core)
                self._database_url = stack.enter_context(postgres)
            if any(TARGETS[case.target].wants_redis for case in self._cases):
                redis = running_redis(core=self._effort.load_core)
                self._redis_url = stack.enter_context(redis)
            for kind in WHAT:
                cases = [case for case in self._cases if case.kind == kind]
                (self._run_fresh if kind == "idle" else self._run_together)(cases)

    def _run_together(self, cases: Sequence[Case]) -> None:
        """Servers that run all the time, each measured in its turn."""
        with ExitStack() as stack:
            servers: dict[str, Server] = {}
            for name in dict.fromkeys(case.target for case in cases):
                self._attempt(name, name, partial(self._start, name, servers, stack))
            for turn, case in product(range(self._effort.rounds), cases):
                if case.target in servers:
                    one = partial(self._measure, case, servers[case.target], turn)
                    self._attempt(case.name, case.target, one)

    def _run_fresh(self, cases: Sequence[Case]) -> None:
        """A new server for each figure: memory that was used once is not given back."""
        for turn in range(self._effort.rounds):
            for case in cases:
                self._attempt(case.name, case.target, partial(self._one_fresh, case, turn))

    def _start(self, name: str, servers: dict[str, Server], stack: ExitStack) -> None:
        say(f"starting {TARGETS[name].title}")
        servers[name] = stack.enter_context(self._server(name, name))

    def _server(self, name: str, folder: str) -> AbstractContextManager[Server]:
        return running(
            TARGETS[name],
            self._folder / folder,
            core=self._core,
            database_url=self._database_url,
            redis_url=self._redis_url,
        )

    def _one_fresh(self, case: Case, turn: int) -> None:
        folder = f"{case.name.replace('/', '-')}-{turn}"
        with self._server(case.target, folder) as server:
            self._measure(case, server, turn)

    def _measure(self, case: Case, server: Server, turn: int) -> None:
        warm_up = self._effort.warm_up if turn == 0 else 0
        figures = measure(case, server, replace(self._effort, warm_up=warm_up))
        self.figures[case.name].append(figures)
        self._tell(case, figures, turn)

    def _tell(self, case: Case, figures: Figures, turn: int) -> None:
        self._done += 1
        total = len(self._cases) * self._effort.rounds
        rate = f"{figures.rate:10,.0f}/s" if figures.rate else " " * 12
        say(
            f"[{self._done}/{total}] round {turn + 1}  {case.name:<36}{rate}"
            f"{figures.cost:9.1f} {WHAT[case.kind]}"
        )

    def _attempt(self, name: str, target: str, step: Callable[[], None]) -> None:
        """Take a step; a peer that fails is left out, ours must not fail."""
        if name in self.failures:
            return
        try:
            step()
        except (ServerFailedError, subprocess.SubprocessError, OSError) as error:
            if target.startswith(MUST_RUN):
                raise
            self.failures[name] = str(error)
            say(f"left out: {name}: {error}")


def say(line: str) -> None:
    """Show what is going on."""
    print(line, file=sys.stderr, flush=True)
