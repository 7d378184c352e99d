"""
Whether a worker process lives, and whether it is to be given requests.

For load balancers and supervisors, which come by address and without
credentials: neither Host nor anything else of the request is looked at, and
the answers say nothing about the site.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec
from django.db import connection

from mcp_transport.storage.rows import RETRY_AFTER
from mcp_transport.worker.lifespan import runtime

logger = logging.getLogger("mcp_transport.health")

PATIENCE = 2.0  # seconds for the database


async def live(send: Any) -> None:
    """Answer that the process lives."""
    await _answer(send, 200, "ok")


async def ready(send: Any) -> None:
    """Answer whether requests are welcome; a process that has not started yet starts."""
    run = runtime()
    if run.is_draining:
        await _answer(send, 503, "draining")
        return
    try:
        async with asyncio.timeout(PATIENCE):
            await run.start()
            await run.rows.run(_ask)
    except Exception:  # whatever it is, requests would meet it as well
        logger.exception("The worker process is not ready.")
        await _answer(send, 503, "unavailable")
    else:
        await _answer(send, 200, "ready")


def _ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def _answer(send: Any, status: int, word: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if status == 503:
        headers.append((b"retry-after", RETRY_AFTER.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode({"status": word})})
