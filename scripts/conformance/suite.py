"""The pinned conformance suite: installed, asked for its scenarios, run."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from node import Node, install

HERE = Path(__file__).resolve().parent
SCENARIO_LIMIT = 60  # seconds the suite gives a scenario
FOLDER = re.compile(r"server-(.+)-\d{4}-\d\d-\d\dT[-\dZ]+")
GRACE = 30  # seconds more before it is killed
ALL_LIMIT = 180  # seconds for all of a revision in one process; it takes a tenth


class Check(NamedTuple):
    """One statement of a scenario about the server."""

    scenario: str
    name: str
    status: str  # SUCCESS, FAILURE, WARNING, SKIPPED or INFO
    message: str


class Suite:
    """An installed suite."""

    def __init__(self, node: Node, folder: Path) -> None:
        self.node = node
        self.package = folder / "node_modules/@modelcontextprotocol/conformance"

    @classmethod
    def install(cls, node: Node, cache: Path) -> Suite:
        """Install what the lock file names, once for each lock file."""
        return cls(node, install(node, HERE, cache / "suite"))

    def command(self, *arguments: str) -> list[str]:
        """A command line of the suite."""
        return [self.node.node, str(self.package / "dist/index.js"), *arguments]

    def scenarios(self, revision: str) -> list[str]:
        """The scenarios for servers that apply at a revision."""
        listing = subprocess.run(
            self.command("list", "--server"), capture_output=True, text=True, check=True
        )
        rows = re.findall(r"^  - (\S+) \[([^\]]*)\]", listing.stdout, re.MULTILINE)
        return [name for name, revisions in rows if revision in revisions.split(",")]

    def required(self, revision: str) -> list[str]:
        """The scenarios a server must pass at a revision; none where nothing is frozen."""
        file = self.package / "requirements" / f"{revision}.yaml"
        if not file.exists():
            return []
        _, _, section = file.read_text(encoding="utf-8").partition("\nserver:\n")
        return re.findall(r"^  - (\S+)", re.split(r"^\S", section, flags=re.MULTILINE)[0], re.M)

    def run(self, url: str, revision: str, scenarios: Sequence[str]) -> list[Check]:
        """
        Run scenarios, several of them in one process.

        A scenario that hangs or crashes it is run again in a process of its
        own, as is what did not come to its turn: it is one failing check and
        takes no other with it.
        """
        found: dict[str, list[Check]] = {}
        if len(scenarios) > 1:
            found, _output = self._checks(url, revision, "--suite", "all", limit=ALL_LIMIT)
        return [
            check
            for name in scenarios
            for check in found.get(name) or self._alone(url, revision, name)
        ]

    def _alone(self, url: str, revision: str, scenario: str) -> list[Check]:
        limit = SCENARIO_LIMIT + GRACE
        # Those of an extension belong to no revision, and are run at one by force.
        wanted = ("--scenario", scenario, "--force")
        found, output = self._checks(url, revision, *wanted, limit=limit)
        last = " | ".join(output.strip().splitlines()[-3:])
        return found.get(scenario, [Check(scenario, "finished", "FAILURE", last)])

    def _checks(
        self, url: str, revision: str, *wanted: str, limit: int
    ) -> tuple[dict[str, list[Check]], str]:
        """The checks of each scenario that came to its end, and what the suite printed."""
        with tempfile.TemporaryDirectory() as folder:
            command = self.command(
                "server", "--url", url, *wanted, "--spec-version", revision,
                "--timeout", str(SCENARIO_LIMIT * 1000), "--output-dir", folder,
            )  # fmt: skip
            output = _output(command, limit)
            return dict(map(_read, Path(folder).glob("*/checks.json"))), output


def _output(command: Sequence[str], limit: int) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return f"killed after {limit} seconds"
    return done.stdout + done.stderr


def _read(file: Path) -> tuple[str, list[Check]]:
    """A scenario and its checks; the folder is named server-SCENARIO-TIME."""
    name = FOLDER.fullmatch(file.parent.name)
    scenario = name[1] if name else file.parent.name
    return scenario, [_check(scenario, row) for row in json.loads(file.read_bytes())]


def _check(scenario: str, row: dict[str, Any]) -> Check:
    message = row.get("errorMessage") or row.get("description") or ""
    return Check(scenario, row["id"], row["status"], " ".join(message.split())[:400])
