"""
A request and its answer, in bounded time and memory.

Only what may be asked twice is asked again: after an answer that says so, or
where no answer came.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from mcp_transport.protocol.shortening import shortened

MAX_BYTES = 10 * 1024 * 1024  # decoded
MOST_ATTEMPTS = 3
FIRST_DELAY = 0.2  # seconds
PASSING = frozenset({429, 502, 503, 504})  # statuses that may be others in a moment
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


class TooLarge(Exception):
    """An answer that is longer than is read."""


class Undecodable(Exception):
    """An answer that is compressed in a way that was not asked for, or wrongly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    content_type: str
    retry_after: str
    cache_control: str = ""
    body: bytes


async def exchange(
    transport: httpx.AsyncBaseTransport,
    request: httpx.Request,
    *,
    within: float,
    limit: int = MAX_BYTES,
) -> Answer:
    """
    Send a request, and read the answer.

    Raises TimeoutError, TooLarge, Undecodable, httpx.TransportError and
    network.Refused.
    """
    request.extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), within)}
    attempts = MOST_ATTEMPTS if request.method in IDEMPOTENT else 1
    loop = asyncio.get_running_loop()
    end_at = loop.time() + within
    async with asyncio.timeout_at(end_at):
        for attempt in range(1, attempts):
            delay = FIRST_DELAY * 2**attempt * random.uniform(0.5, 1)  # noqa: S311 - spread only
            try:
                answer = await _once(transport, request, limit)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                pass
            else:
                delay = max(delay, seconds_of(answer.retry_after))
                # Nobody waits for an answer that would be too late.
                if answer.status not in PASSING or loop.time() + delay >= end_at:
                    return answer
            await asyncio.sleep(delay)
        return await _once(transport, request, limit)


async def _once(transport: httpx.AsyncBaseTransport, request: httpx.Request, limit: int) -> Answer:
    try:
        response = await transport.handle_async_request(request)
        try:
            body = await _read(response, limit)
        finally:
            await response.aclose()
    except httpx.TimeoutException:
        raise TimeoutError from None
    return Answer(
        status=response.status_code,
        content_type=response.headers.get("content-type", ""),
        retry_after=response.headers.get("retry-after", ""),
        cache_control=response.headers.get("cache-control", ""),
        body=body,
    )


async def _read(response: httpx.Response, limit: int) -> bytes:
    """The decoded body; what is unpacked is counted while it grows."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    pieces: list[bytes] = []
    size = 0
    async for piece in decoded(response.aiter_raw(), encoding, limit):
        size += len(piece)
        if size > limit:
            raise TooLarge
        pieces.append(piece)
    return b"".join(pieces)


async def decoded(raw: AsyncIterator[bytes], encoding: str, limit: int) -> AsyncIterator[bytes]:
    """The pieces of a body without their compression."""
    if encoding in {"", "identity"}:
        async for piece in raw:
            yield piece
        return
    if encoding not in {"gzip", "x-gzip"}:
        raise Undecodable
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    is_empty = True  # as the answer to HEAD is, which tells how another would be packed
    try:
        async for piece in raw:
            is_empty = is_empty and not piece
            # One byte more than may be: the reader finds that it is too many.
            yield unpacking.decompress(piece, limit + 1)
            if unpacking.unconsumed_tail:
                raise TooLarge
        yield unpacking.flush()
        if not unpacking.eof and not is_empty:
            raise Undecodable
    except zlib.error:
        raise Undecodable from None


def reason(error: Exception) -> str:
    """Why nothing came back, for operators; what was sent is not repeated."""
    text = str(error)
    is_plain = isinstance(error, httpx.ConnectError) and bool(text)
    return shortened(text) if is_plain else type(error).__name__


def seconds_of(retry_after: str) -> float:
    """The seconds that a server asks to wait; 0 where it does not, or says it wrongly."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal() and len(text) < 8:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
