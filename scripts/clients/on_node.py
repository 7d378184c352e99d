"""
The clients that run on Node: both generations of TypeScript's, mcp-remote, the Inspector.

What they are is pinned in package.json, beside this file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "conformance"))

import node  # noqa: E402  stands beside the suite that needs it, too

INSPECTOR = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
COMMAND_LIMIT = 60  # seconds for one command of the Inspector


class Way(NamedTuple):
    """One client and how it comes; "remote" is through mcp-remote."""

    client: str
    transport: str
    revision: str  # what it is expected to negotiate


WAYS = (
    Way("sdk", "http", "2025-11-25"),
    Way("sdk", "sse", "2025-11-25"),
    Way("sdk", "ws", "2025-11-25"),
    Way("sdk", "remote", "2025-11-25"),
    Way("sdk", "remote-sse", "2025-11-25"),
    Way("client", "http", "2025-11-25"),
    Way("client-auto", "http", "2026-07-28"),
    Way("client-auto", "sse", "2025-11-25"),  # its probe is told to shake hands
)


class Command(NamedTuple):
    """One command of the Inspector and what it has to print."""

    name: str
    arguments: tuple[str, ...]
    prints: str
    path: str = ""


ECHO = ("--method", "tools/call", "--tool-name", "echo", "--tool-arg", "text=hello")
PROMPT = ("--prompt-name", "recommend_book", "--prompt-args", "genre=science")
HTTP = ("--transport", "http")
MODERN = (*HTTP, "--protocol-era", "modern")
COMMANDS = (
    Command("lists_tools", (*HTTP, "--method", "tools/list"), "order_book"),
    Command("calls_a_tool", (*HTTP, *ECHO), "hello"),
    Command(
        "sets_a_log_level", (*HTTP, "--method", "logging/setLevel", "--log-level", "debug"), "{"
    ),
    Command(
        "reads", (*HTTP, "--method", "resources/read", "--uri", "shop://books/origin"), "origin"
    ),
    Command("fills_a_prompt", (*HTTP, "--method", "prompts/get", *PROMPT), "Candle"),
    Command("calls_over_sse", ("--transport", "sse", *ECHO), "hello", "/sse"),
    Command(
        "lists_tools_in_the_newest_revision", (*MODERN, "--method", "tools/list"), "order_book"
    ),
    Command("calls_a_tool_in_the_newest_revision", (*MODERN, *ECHO), "hello"),
)


class Installed(NamedTuple):
    """Where the clients are and what runs them."""

    node: str
    folder: Path

    @classmethod
    def find(cls, cache: Path) -> Installed:
        """Install them, once for each lock file."""
        found = node.find(cache.parent / "mcp-conformance")
        return cls(found.node, node.install(found, HERE, cache / "node"))

    def exercise(self, way: Way, url: str) -> list[str]:
        """A command line that runs every check one way."""
        script = str(HERE / "exercise.mjs")
        return [self.node, script, str(self.folder), url, *way]

    def inspect(self, url: str) -> list[str]:
        """The lines of the Inspector's checks."""
        return [self._check(command, url) for command in COMMANDS]

    def _check(self, command: Command, url: str) -> str:
        header = f"Authorization: Bearer {os.environ['MCP_TOKEN']}"
        program = [self.node, str(self.folder / INSPECTOR), "--cli", url + command.path]
        words = [*program, "--header", header, *command.arguments]
        problem = _problem(words, command.prints, home=self.folder)
        return f"  FAIL  {command.name}: {problem}" if problem else f"  ok    {command.name}"


def _problem(command: Sequence[str], prints: str, *, home: Path) -> str:
    """What is wrong with what a command printed; nothing when it is good."""
    environment = os.environ | {"HOME": str(home)}  # it keeps files there
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_LIMIT, env=environment
        )
    except subprocess.TimeoutExpired:
        return f"took more than {COMMAND_LIMIT} seconds"
    try:
        json.loads(done.stdout)
    except ValueError:
        return " ".join(f"exit status {done.returncode} {done.stdout} {done.stderr}".split())[:600]
    return "" if done.returncode == 0 and prints in done.stdout else done.stdout[:600]
