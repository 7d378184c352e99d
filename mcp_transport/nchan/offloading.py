"""
Hands streams over to nginx, below everything that answers.

An nginx in front says with each request that it can take a stream over. When
the answer turns out to be one, that nginx is sent to an address of its own
instead (``X-Accel-Redirect``), where Nchan holds the client. The application
goes on writing as before; it is not told.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from mcp_transport.conf import settings
from mcp_transport.nchan.channels import Channel, Channels
from mcp_transport.transports.direct import ANSWER, EXTENSION, FIND, answered

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

OFFER = b"x-mcp-nchan"  # the secret, with which an nginx says that it takes streams over
CHANNEL = b"x-mcp-channel"
LOCATION = b"/_mcp/streams/%b/%b"  # of the shard and the channel, internal to nginx
STREAM = (b"content-type", b"text/event-stream")
ATTACHED, LEFT = "attached", "left"  # what Nchan tells, at addresses below _nchan
DISCONNECT: Message = {"type": "http.disconnect"}


class Handover:
    """One request whose answer may be handed over: its way in and its way out."""

    __slots__ = ("_channel", "_channels", "_receive", "_send")

    def __init__(self, channels: Channels, receive: Receive, send: Send) -> None:
        self._channels = channels
        self._receive = receive
        self._send = send
        self._channel: Channel | None = None

    def extension(self, scope: Any) -> dict[str, Any]:
        """The ways past send() for this answer; see mcp_transport.transports.direct."""
        return {
            ANSWER: lambda _send, *answer: answered(scope, self._send, *answer),
            FIND: lambda _send: self._channel or scope["extensions"][EXTENSION][FIND](self._send),
        }

    async def receive(self) -> Message:
        """
        What the server receives, and the end of the client's stay.

        To the server the request is over when the stream was handed over.
        """
        message = await self._receive()
        if message["type"] == DISCONNECT["type"] and self._channel is not None:
            await self._channel.left()
        return message

    async def send(self, message: Message) -> None:
        """Send an answer the way that it has to take."""
        channel = self._channel
        if channel is None:
            await self._begin(message)
        elif message.get("more_body"):
            if message["body"]:
                await channel.write(message["body"])
        else:
            await channel.end(message.get("body", b""))

    async def _begin(self, message: Message) -> None:
        if message["type"] == "http.response.start" and STREAM in message["headers"]:
            channel = await self._channels.open()
            if channel is not None:
                return await self._hand_over(channel, message)
        return await self._send(message)

    async def _hand_over(self, channel: Channel, message: Message) -> None:
        self._channel = channel
        location = LOCATION % (channel.shard.name.encode(), channel.id.encode())
        headers = (
            *message["headers"], (b"x-accel-redirect", location), (b"content-length", b"0")
        )  # fmt: skip
        try:
            await self._send({**message, "headers": headers})
            await self._send({"type": "http.response.body", "body": b""})
        except OSError:
            channel.leave()
            raise


class Offloading:
    """
    Offers to hand streams over, if the site has said where to.

    A server that ends a request's application soon after its answer, as Daphne
    does, holds its streams itself: only one that has the extension of
    mcp_transport.transports.direct is known not to.
    """

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._secret = settings.MCP_NCHAN_SECRET.encode()

    def wrap(self, scope: Any, receive: Receive, send: Send) -> tuple[Any, Receive, Send]:
        """What the application is called with."""
        extensions = scope.get("extensions") or {}
        if EXTENSION not in extensions or not self._is_trusted(scope):
            return scope, receive, send
        handover = Handover(self._channels, receive, send)
        extensions = {**extensions, EXTENSION: handover.extension(scope)}
        return {**scope, "extensions": extensions}, handover.receive, handover.send

    async def hear(self, scope: Any, send: Send) -> None:
        """Answer an nginx that tells of a client; to anybody else there is nothing here."""
        told = scope["path"].rpartition("/")[2]
        channel = dict(scope["headers"]).get(CHANNEL, b"").decode("latin-1")
        is_known = self._is_trusted(scope) and channel and told in {ATTACHED, LEFT}
        if is_known:
            await self._channels.note(channel, is_there=told == ATTACHED)
        status = 204 if is_known else 404
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def _is_trusted(self, scope: Any) -> bool:
        said = [value for name, value in scope["headers"] if name == OFFER]
        return len(said) == 1 and hmac.compare_digest(said[0], self._secret)
