"""Steps of streams: what comes arrives at once, uncompressed, and silence is not taken for an end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx

from mcp_transport.management.doctor.finding import Verdict, failed, ok, skipped, warning
from mcp_transport.management.doctor.visit import STREAM_TYPE, Visit, chunks, first_event, said_by

PROMPT = 1.0  # seconds within which the first event has to come
UNBUFFER = (
    "Let the proxy pass on each part as it comes (nginx: proxy_buffering off, proxy_http_version"
    " 1.1; it also heeds the header X-Accel-Buffering unless told to ignore it). Content delivery"
    " networks have a switch of their own."
)
UNCOMPRESSED = (
    "Leave text/event-stream out of what is compressed (nginx: gzip_types; Django's"
    " GZipMiddleware does not see the endpoints)."
)


def stream(visit: Visit) -> Verdict:
    """The first event of a stream comes at once: nothing on the way collects it."""
    began = time.monotonic()
    try:
        with visit.listen() as response:
            if problem := no_stream(response):
                return problem
            event = first_event(chunks(response))
    except httpx.TimeoutException:
        return failed(
            f"nothing of a stream arrives within {visit.timeout:g} s: it is buffered on the way",
            UNBUFFER,
        )
    return prompt(event, time.monotonic() - began)


def no_stream(response: httpx.Response) -> Verdict | None:
    """What to say when the answer is no stream."""
    if response.headers.get("content-type", "").startswith(STREAM_TYPE):
        return None
    response.read()
    return failed(
        f"subscriptions/listen gets no stream but {said_by(response)}",
        "Let the proxy pass on the Accept header and the answer's Content-Type.",
    )


def prompt(event: bytes, seconds: float) -> Verdict:
    """Whether the first event came, and came in time."""
    if b"notifications/subscriptions/acknowledged" not in event:
        return failed("the stream ends before its first event", "The server's log says why.")
    if seconds > PROMPT:
        return warning(f"the first event took {seconds:.1f} s", UNBUFFER)
    return ok(f"the first event came after {seconds * 1000:.0f} ms")


def compression(visit: Visit) -> Verdict:
    """A stream is not compressed, which would collect events until a block is full."""
    try:
        with visit.listen(accept_encoding="gzip, deflate, br, zstd") as response:
            coding = response.headers.get("content-encoding", "identity")
            if coding == "identity":
                return ok("streams are not compressed")
            next(chunks(response), b"")
    except httpx.TimeoutException:
        return failed("a compressed stream is held back on the way", UNCOMPRESSED)
    return warning(f"streams are compressed ({coding}), which holds events back", UNCOMPRESSED)


def keep_alive(visit: Visit) -> Verdict:
    """A silent stream shows that it lives, and is left open."""
    if visit.patience <= 0:
        return skipped("not waited for")
    visit.client.timeout = httpx.Timeout(visit.timeout, read=visit.patience)
    began = time.monotonic()
    try:
        with visit.listen() as response:
            pieces = chunks(response)
            first_event(pieces)
            sign = next_sign(pieces)
    except httpx.ReadTimeout:
        return failed(
            f"a silent stream shows no sign of life within {visit.patience:g} s",
            "Lower MCP_KEEP_ALIVE_INTERVAL; if it is low, something on the way holds comments back.",
        )
    except (httpx.RemoteProtocolError, httpx.ReadError):
        sign = b""
    waited = time.monotonic() - began
    if not sign:
        return failed(
            f"a silent stream is cut after {waited:.0f} s",
            "Set MCP_KEEP_ALIVE_INTERVAL below the proxy's limit, or raise that"
            " (nginx: proxy_read_timeout).",
        )
    return ok(f"a sign of life after {waited:.0f} s of silence")


def next_sign(pieces: Iterator[bytes]) -> bytes:
    """Whatever comes next; empty when the stream ends."""
    return next((piece for piece in pieces if piece.strip()), b"")
