"""A server process for hard input: the project's own site with the tests' apps beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.fuzz.attempts import OFFERS
from tests.process import Folder, Process

SERVERS = f"""
from mcp_transport.models import Server
Server.objects.create(slug="fuzz", access="public", offers={OFFERS!r})
Server.objects.create(slug="guarded", access="token", offers={OFFERS!r})
"""


class Served:
    """One process, made when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._folder = Folder(path)
        self._folder.environment |= {
            "DJANGO_SETTINGS_MODULE": "tests.fuzz.settings",
            "MCP_EXTRA_APPS": "tests.apps.good,tools.conformance",
        }
        self._folder.manage("migrate", "--verbosity", "0")
        self._folder.manage("shell", "--verbosity", "0", "-c", SERVERS)
        self._process = Process(self._folder)

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process._process is not None
        return self._process._process.pid

    def start(self, loop: asyncio.AbstractEventLoop) -> int:
        """Start it; the port it listens on."""
        loop.run_until_complete(self._process.start())
        return self._process.port

    def log(self) -> str:
        """What it has said so far."""
        name = f"log-{self._process.port}"
        return (self._folder.path / name).read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End it."""
        self._process.close()
