"""What load balancers ask: by address, without credentials, before anything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db import OperationalError

from mcp_transport.routing import mcp_application
from mcp_transport.worker import health
from mcp_transport.worker.lifespan import Runtime, runtime


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    raise LookupError(scope["path"])


async def ask(path: str) -> tuple[int, str, dict[bytes, bytes]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "method": "GET", "headers": [(b"host", b"10.0.0.7")]}
    await mcp_application(nobody)(scope, None, send)
    return sent[0]["status"], sent[1]["body"].decode(), dict(sent[0]["headers"])


@pytest.fixture
async def run(transactional_db: None) -> AsyncIterator[Runtime]:
    run = runtime()
    yield run
    await run.stop()


async def test_a_process_that_lives_says_so() -> None:
    status, body, headers = await ask("/healthz")
    assert (status, body) == (200, '{"status":"ok"}')
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"cache-control"] == b"no-store"


async def test_a_process_that_was_not_used_yet_makes_itself_ready(run: Runtime) -> None:
    assert (await ask("/readyz"))[:2] == (200, '{"status":"ready"}')
    assert run.is_started


async def test_a_process_that_drains_is_given_nothing_more(run: Runtime) -> None:
    await run.start()
    await run.drain()
    status, body, headers = await ask("/readyz")
    assert (status, body) == (503, '{"status":"draining"}')
    assert headers[b"retry-after"]
    assert (await ask("/healthz"))[0] == 200


async def test_without_the_database_nothing_is_welcome(
    run: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OperationalError("at 10.0.0.9, as user secret")

    await run.start()
    monkeypatch.setattr(health, "_ask", fail)
    assert (await ask("/readyz"))[:2] == (503, '{"status":"unavailable"}')


async def test_a_database_that_does_not_answer_is_not_waited_for(
    run: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_arguments: Any) -> None:
        await asyncio.Event().wait()

    await run.start()
    monkeypatch.setattr(health, "PATIENCE", 0.01)
    monkeypatch.setattr(run.rows, "run", hang)
    assert (await ask("/readyz"))[0] == 503
    monkeypatch.undo()


async def test_the_paths_can_be_others_or_none(settings: Any) -> None:
    settings.MCP_HEALTH_PATH, settings.MCP_READY_PATH = "/alive", None
    assert (await ask("/alive"))[0] == 200
    for path in ("/healthz", "/readyz"):
        with pytest.raises(LookupError):
            await ask(path)
