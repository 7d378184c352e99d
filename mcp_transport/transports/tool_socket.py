"""
Tools over a WebSocket, for whoever has no MCP client.

Each text frame in is a call of the one tool that the address names, each frame
out an event of a call; calls run side by side, told apart by their ids.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from mcp_transport.engine.directory import Offer
from mcp_transport.engine.flight import Flight
from mcp_transport.engine.incoming import Reply
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InternalError, InvalidRequest, ProtocolError
from mcp_transport.protocol.revisions import SUPPORTED
from mcp_transport.transports import tool_calls
from mcp_transport.transports.socket_endpoint import SocketEndpoint

DOOR = "ws/tools/"


class CallFlight(Flight):
    """Words what becomes of one call as events."""

    __slots__ = ()

    @staticmethod
    def refusal(body: Any, error: ProtocolError) -> bytes:
        """See Flight.refusal()."""
        status = 500 if isinstance(error, InternalError) else error.status
        id_ = jsonrpc.read_id(body)
        return _event("error", id_, tool_calls.problem(status, error.message, error.data))

    async def begin(self) -> None:
        """See Flight.begin()."""
        await self._say("started", {})

    async def answer(self, reply: Reply) -> None:
        """See Flight.answer()."""
        _status, told = tool_calls.told(reply)
        is_good = told["status"] == tool_calls.SUCCESS
        await self._say("complete" if is_good else "error", told)

    async def write(self, message: bytes, event_id: str | None = None) -> None:
        """See Responder.write(); of notifications only progress has an event."""
        progress = tool_calls.progress(message)
        if progress is not None:
            await self._say("progress", progress)

    async def write_chunk(self, index: int, value: Any) -> bool:
        """See Responder.write_chunk()."""
        await self._say("chunk", tool_calls.chunk(index, value))
        return True

    async def _say(self, name: str, data: dict[str, Any]) -> None:
        await super().write(_event(name, self._request_id, data))


class ToolSocketConsumer(SocketEndpoint):
    """One connection on which one tool is called."""

    transport = tool_calls.TRANSPORT
    subprotocol = "mcp.tools"
    flight = CallFlight

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """See SocketEndpoint.__call__()."""
        self._ids = (f"call-{number}" for number in count(1))
        await super().__call__(scope, receive, send)

    def revisions(self, offer: Offer) -> tuple[str, ...]:
        """See SocketEndpoint.revisions(); which one carries a call is nobody's affair."""
        return SUPPORTED

    def understand(self, value: Any) -> Any:
        """See SocketEndpoint.understand()."""
        if type(value) is not dict:
            raise InvalidRequest('A frame is {"arguments": {}, "id": 1}.')
        id_ = value.get("id")
        if id_ is not None and not jsonrpc.is_id(id_):
            raise InvalidRequest(
                f"An id is a string or a whole number, of {jsonrpc.LONGEST_ID} characters at most."
            )
        if value.get("cancel") is True:
            method, params = "notifications/cancelled", {"requestId": id_}
            return {"jsonrpc": "2.0", "method": method, "params": params}
        tool = self.request["mcp_door"].removeprefix(DOOR)
        return tool_calls.request(next(self._ids) if id_ is None else id_, tool, value)

    def _read_headers(self, duplicates: frozenset[bytes]) -> None:
        super()._read_headers(duplicates)
        tool_calls.take_key(self.headers, duplicates)


def _event(name: str, id_: jsonrpc.Id | None, data: dict[str, Any]) -> bytes:
    return jsonrpc.encode({"event": name, "id": id_, **data})
