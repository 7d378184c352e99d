"""An HTTP API on a free port of loopback, which notes what it gets."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from uvicorn.server import ServerState

from tests.uvicorn_serving import serving

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Got:
    """A request as it arrived."""

    method: str
    path: str  # as it was sent, escapes and all
    query: str
    headers: dict[str, str]
    body: bytes
    gone: Callable[[], Awaitable[Any]]  # returns when the caller has left

    @property
    def json(self) -> Any:
        """The body as data."""
        return json.loads(self.body)


Act = Callable[[Got, Send], Awaitable[None]]


async def reply(
    send: Send,
    body: object = b"",
    *,
    status: int = 200,
    content_type: str = "application/json",
    **headers: str,
) -> None:
    """Send one answer; what is no bytes goes out as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
    pairs = [(name.encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": data})


async def echo(got: Got, send: Send) -> None:
    """Answer with what arrived."""
    told = {"path": got.path, "query": got.query, "headers": got.headers}
    await reply(send, told)


@dataclass
class Upstream:
    """The API: what it got, and what it does about the next request."""

    port: int = 0
    act: Act = echo
    got: list[Got] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Note a request, and answer it."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        got = Got(
            method=scope["method"],
            path=scope["raw_path"].decode(),
            query=scope["query_string"].decode(),
            headers={name.decode(): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
            gone=receive,
        )
        self.got.append(got)
        await self.act(got, send)


@asynccontextmanager
async def running(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
    """An API that runs until the block ends."""
    upstream = Upstream()
    async with serving(upstream, ServerState(), tls=tls) as upstream.port:
        yield upstream
