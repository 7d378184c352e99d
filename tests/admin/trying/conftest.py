"""An operator whose process has no loop of its own, as under WSGI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User

from mcp_transport.admin.trying import asking
from mcp_transport.admin.trying.caller import caller
from mcp_transport.models import Server, Token
from mcp_transport.worker.loop import perform, resident

LIMIT = 30.0  # seconds any wait may take
INTERVAL = 0.02  # seconds between two looks at a row

Begin = Callable[..., str]


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """Let the process be a worker process when that is asked for, and no longer."""
    yield
    resident.stop()


@pytest.fixture
def root(transactional_db: None) -> User:
    """A superuser."""
    return User.objects.create_superuser("root")


@pytest.fixture
def good(transactional_db: None) -> Server:
    """A server with the tests' own entries."""
    return Server.objects.create(slug="good", title="Good", offers=["good"])


@pytest.fixture
def begin(worker: None, good: Server) -> Begin:
    """Start a run; the id of its stream."""

    def start(user: User, tool: str, token: Token | None = None, **arguments: Any) -> str:
        params = {"name": tool, "arguments": arguments}
        principal = caller(user, token)
        return perform(
            lambda run: asking.begin(run, good.slug, principal, "tools/call", params), within=LIMIT
        )

    return start


def hear(stream_id: str, enough: Callable[[dict[str, Any]], bool] = lambda _message: False) -> Any:
    """Follow a stream until a message is enough, or to its end in the log; all that was said."""

    async def follow(run: Any) -> list[Any]:
        heard: list[Any] = []
        streams = run.engine.services.streams
        async for event in streams.follow(stream_id, 0):
            if event.data:
                heard.append(msgspec.json.decode(event.data))
                if enough(heard[-1]):
                    return heard
        while not (await streams.log.progress(stream_id)).is_closed:  # noqa: ASYNC110 - its row comes last
            await asyncio.sleep(INTERVAL)
        return heard

    return perform(follow, within=LIMIT)


def is_question(message: dict[str, Any]) -> bool:
    """Whether an answer to a message is expected."""
    return "method" in message and "id" in message
