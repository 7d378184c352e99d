"""The address at which the figures are fetched, and who may."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Protocol

from django.db import Error as AnyDatabaseError

from mcp_transport.auth.authenticators import AuthenticatorChain
from mcp_transport.auth.errors import AuthenticationError
from mcp_transport.conf import settings
from mcp_transport.models import Session
from mcp_transport.models.token import OPERATOR_SCOPE
from mcp_transport.monitoring.monitor import Monitor
from mcp_transport.storage.rows import DatabaseAway, RowPool
from mcp_transport.threads import PoolExhausted

logger = logging.getLogger("mcp_transport.monitoring")

PERMISSION = "mcp_transport.view_worker"
PATIENCE = 2.0  # seconds for the database; the figures go out without its own
# What a proxy adds: behind one, every client seems to be on this machine.
OF_PROXIES = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})
CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


class Worker(Protocol):
    """What of the worker process is needed here."""

    monitor: Monitor
    authenticators: AuthenticatorChain
    rows: RowPool

    async def start(self) -> None:
        """Begin to serve, if that has not happened yet."""

    def figures(self) -> dict[str, float]:
        """How the process is now."""


async def show(scope: Any, send: Any, worker: Worker) -> None:
    """Answer with the figures, to whoever may have them."""
    status, body = await _answer(scope, worker)
    headers = [(b"content-type", CONTENT_TYPE), (b"cache-control", b"no-store")]
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="metrics"'))
    if status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def _answer(scope: Any, worker: Worker) -> tuple[int, bytes]:
    if scope["method"] not in {"GET", "HEAD"}:
        return 405, b"This address takes GET.\n"
    await worker.start()
    refusal = await _refusal(scope, worker)
    if refusal:
        return refusal
    worker.monitor.measure(worker.figures())
    sessions = await _open_sessions(worker.rows)
    return 200, await asyncio.to_thread(worker.monitor.exposed, open_sessions=sessions)


async def _refusal(scope: Any, worker: Worker) -> tuple[int, bytes] | None:
    access = settings.MCP_METRICS_ACCESS
    if access == "anybody":
        return None
    headers = dict(scope["headers"])
    if access == "loopback":
        is_here = _is_loopback(scope.get("client")) and OF_PROXIES.isdisjoint(headers)
        return None if is_here else (403, b"The figures are shown on this machine alone.\n")
    return await _refusal_by_token(headers, worker)


async def _refusal_by_token(
    headers: Mapping[bytes, bytes], worker: Worker
) -> tuple[int, bytes] | None:
    try:
        principal = await worker.authenticators.authenticate(headers)
    except AuthenticationError as error:
        return error.status, b"The token is not good.\n"
    if principal.is_anonymous:
        return 401, b"The figures ask for a token.\n"
    is_narrow = principal.token_id is not None or principal.scopes is not None
    is_for_operators = not is_narrow or OPERATOR_SCOPE in (principal.scopes or ())
    if not (is_for_operators and principal.may(PERMISSION)):
        needed = f"The scope {OPERATOR_SCOPE!r} and the permission {PERMISSION!r} are needed.\n"
        return 403, needed.encode()
    return None


def _is_loopback(client: Any) -> bool:
    if not client:
        return True  # a socket of this machine has no address
    try:
        return ip_address(client[0]).is_loopback
    except ValueError:
        return not client[0]


async def _open_sessions(rows: RowPool) -> int | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await rows.run(Session.objects.open().count)
    except (AnyDatabaseError, DatabaseAway, PoolExhausted, TimeoutError) as error:
        logger.warning("The open sessions could not be counted: %s", error)
        return None
