"""A site with programs behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from pytest_django import Settings

from mcp_transport.models import Server
from mcp_transport.sources.foreign.listing import Known
from mcp_transport.sources.stdio.child import Child
from mcp_transport.sources.stdio.source import StdioSource
from mcp_transport.testing import Site
from mcp_transport.testing.results import ToolOutcome
from mcp_transport.worker.lifespan import runtime

SERVER = str(Path(__file__).with_name("server.py"))
LIMIT = 30.0  # seconds for what should take a moment
LOOK = 0.02

Sited = Callable[..., AbstractAsyncContextManager[Site]]


def command(*how: str) -> list[str]:
    """What starts the server for tests."""
    return [sys.executable, "-I", "-S", SERVER, *how]


def said(outcome: ToolOutcome) -> Any:
    """The JSON value that a tool of the server for tests has answered."""
    return json.loads(outcome.text)


async def until(holds: Callable[[], Any], limit: float = LIMIT) -> None:
    """Return when something holds."""
    async with asyncio.timeout(limit):
        while True:
            if holds():
                return
            await asyncio.sleep(LOOK)


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended and waits to be noticed does not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] != b"Z"


def open_files() -> int:
    """How many files this process has open."""
    return len(os.listdir("/proc/self/fd"))


def source() -> StdioSource:
    """The source of the site that runs."""
    (found,) = (one for one in runtime().sources.all if isinstance(one, StdioSource))
    return found


def children(alias: str = "box") -> list[Child]:
    """The children of a program that run."""
    return source()._keepers[alias].pool.peers


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> Known:
    """What other tests have listed is forgotten."""
    known = Known()
    monkeypatch.setattr("mcp_transport.sources.stdio.source.known", known)
    return known


@pytest.fixture
def sited(transactional_db: None, settings: Settings) -> Sited:
    """Start a site: ``sited(files={"command": […]})``; without programs, with one called "box"."""

    @contextlib.asynccontextmanager
    async def start(**programs: dict[str, Any]) -> AsyncIterator[Site]:
        settings.MCP_STDIO = programs or {"box": {"command": command()}}
        for program in settings.MCP_STDIO.values():
            program.setdefault("command", command())
        await Server.objects.aupdate_or_create(
            slug="open", defaults={"access": "public", "offers": list(settings.MCP_STDIO)}
        )
        async with Site() as site:
            yield site

    return start


@pytest.fixture
async def users(transactional_db: None) -> list[User]:
    """Three users."""
    create = sync_to_async(User.objects.create)
    return [await create(username=name) for name in ("ada", "bob", "eve")]
