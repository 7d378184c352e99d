"""``mcp rollup``."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from django.core.management.base import CommandError

from mcp_transport.audit import rollups, words
from mcp_transport.management.subcommands.base import Subcommand
from mcp_transport.management.subcommands.terminal import ProgressLine

STEP = 2.0  # seconds of work between two reports
AT_IT = "A worker process is at it; the sums are up to date in a moment."


class Rollup(Subcommand):
    """Bring the sums over the record of calls, and the index of their words, up to date."""

    def run(self, options: dict[str, Any]) -> None:
        """Print how much there was to do; safe at any time, as worker processes do it, too."""
        holder = f"command-{os.getpid()}"
        try:
            count = rollups.catch_up(holder, lets_go=False)
            if count is None:
                raise CommandError(AT_IT)
            self.stdout.write(f"{count} minutes and hours summed up")
            self.stdout.write(f"{self._index(holder)} calls taken into the index of words")
        finally:
            rollups.let_go(holder)

    def _index(self, holder: str) -> int:
        """Take in what the index has not; how many calls that were."""
        if not words.settle():
            self.remark("The newest calls are being written; the index takes them in later.")
        done, total = 0, words.left()
        write = partial(self.stderr.write, style_func=str, ending="")
        line = ProgressLine(write, is_terminal=self.stderr.isatty())
        while words.left():
            if rollups.step(holder, budget=0.0) is None:  # keeps the work
                raise CommandError(AT_IT)
            done += words.step(budget=STEP)
            line.report(done, max(done, total), "calls")
        line.clear()
        return done
