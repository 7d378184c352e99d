"""
The limit: an ASGI application that does nothing but answer.

It reads the body and sends the bytes that an echo would answer; ``/listen``
holds a stream or a WebSocket open and ``/announce`` writes one event to each.
"""

from __future__ import annotations

from typing import Any

ANSWER = (
    b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hello"}],'
    b'"isError":false,"resultType":"complete"}}'
)
JSON = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
STREAM = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
ACKNOWLEDGED = (
    b'data: {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":'
    b'{"_meta":{"io.modelcontextprotocol/subscriptionId":1},"notifications":{}}}\n\n'
)
CHANGED = (
    b'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":'
    b'{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}}\n\n'
)

ACKNOWLEDGED_TEXT, CHANGED_TEXT = (
    event[len("data: ") :].decode().strip() for event in (ACKNOWLEDGED, CHANGED)
)

streams: set[Any] = set()
sockets: set[Any] = set()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """One connection."""
    if scope["type"] != "http":
        await (socket if scope["type"] == "websocket" else lifespan)(receive, send)
        return
    while (await receive()).get("more_body"):
        pass
    if scope["path"] == "/listen":
        await listen(receive, send)
        return
    if scope["path"] == "/announce":
        for write in list(streams):
            await write({"type": "http.response.body", "body": CHANGED, "more_body": True})
        for write in list(sockets):
            await write({"type": "websocket.send", "text": CHANGED_TEXT})
    await send({"type": "http.response.start", "status": 200, "headers": JSON})
    await send({"type": "http.response.body", "body": ANSWER})


async def listen(receive: Any, send: Any) -> None:
    """Hold a stream open until the client leaves."""
    await send({"type": "http.response.start", "status": 200, "headers": STREAM})
    await send({"type": "http.response.body", "body": ACKNOWLEDGED, "more_body": True})
    streams.add(send)
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        streams.discard(send)


async def socket(receive: Any, send: Any) -> None:
    """Hold a WebSocket open until the client leaves."""
    await receive()
    await send({"type": "websocket.accept"})
    await receive()
    await send({"type": "websocket.send", "text": ACKNOWLEDGED_TEXT})
    sockets.add(send)
    try:
        while (await receive())["type"] != "websocket.disconnect":
            pass
    finally:
        sockets.discard(send)


async def lifespan(receive: Any, send: Any) -> None:
    """Nothing to start, nothing to stop."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
