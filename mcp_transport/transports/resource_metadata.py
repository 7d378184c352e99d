"""
What a client learns of a server that it has to log in for (RFC 9728).

For every page and without credentials: where tokens are issued is no secret,
and which servers there are is told by their addresses already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp_transport.auth.resources import (
    DEFAULT,
    WELL_KNOWN,
    asked_for,
    authorization_servers,
    resource_url,
)
from mcp_transport.conf import settings
from mcp_transport.engine.directory import Offer, served
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import Refused
from mcp_transport.storage.rows import DatabaseAway, is_unavailable
from mcp_transport.transports.refusing import scopes_of
from mcp_transport.transports.security import Headers
from mcp_transport.transports.worker import Worker

MAX_AGE = 300  # seconds for which clients and proxies may keep it
METHODS = "GET, HEAD, OPTIONS"
EVERY_PAGE: Headers = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", METHODS.encode()),
    (b"access-control-allow-headers", b"MCP-Protocol-Version"),
    (b"access-control-max-age", b"600"),
)


def slug_asked_for(path: str) -> str | None:
    """The slug whose metadata stands at a path of the site; None for what is not ours."""
    if not path.startswith(WELL_KNOWN) or not authorization_servers():
        return None
    rest = path[len(WELL_KNOWN) :].rstrip("/")
    if rest in ("", settings.MCP_PATH):
        return DEFAULT
    below = settings.MCP_PATH + "/"
    return rest.removeprefix(below) if rest.startswith(below) else None


async def show(scope: Any, send: Any, runtime: Callable[[], Worker]) -> None:
    """Answer with the metadata of the server that ``mcp_server`` of the scope names."""
    try:
        status, body, headers = await _answer(scope, runtime())
    except Refused as refused:
        pairs = refused.headers.items()
        headers = tuple((name.lower().encode(), value.encode()) for name, value in pairs)
        status, body = refused.status, jsonrpc.encode({"error": refused.message})
    kind = (b"content-type", b"application/json")
    start = {"status": status, "headers": [kind, *EVERY_PAGE, *headers]}
    await send({"type": "http.response.start", **start})
    is_empty = scope["method"] == "HEAD" or status == 204
    await send({"type": "http.response.body", "body": b"" if is_empty else body})


async def _answer(scope: Any, worker: Worker) -> tuple[int, bytes, Headers]:
    if scope["method"] == "OPTIONS":
        return 204, b"", ()
    if scope["method"] not in ("GET", "HEAD"):
        raise Refused(405, "This address takes GET.", headers={"Allow": METHODS})
    slug = scope["mcp_server"]
    body = jsonrpc.encode(_metadata(slug, await _find(worker, slug)))
    return 200, body, ((b"cache-control", f"public, max-age={MAX_AGE}".encode()),)


async def _find(worker: Worker, slug: str) -> Offer:
    try:
        if not worker.is_started:
            await worker.start()
        offer = await worker.directory.find(slug)
    except Exception as error:
        if is_unavailable(error):
            raise DatabaseAway from error
        raise
    return served(None, slug, "") if offer is None else offer


def _metadata(slug: str, offer: Offer) -> dict[str, Any]:
    """What RFC 9728, section 2, has a member for; the title is not everybody's to know."""
    metadata: dict[str, Any] = {
        "resource": resource_url(slug),
        "authorization_servers": [server.issuer for server in authorization_servers()],
        "bearer_methods_supported": ["header"],
    }
    if scopes := asked_for(scopes_of(offer)):
        metadata["scopes_supported"] = scopes.split()
    return metadata
