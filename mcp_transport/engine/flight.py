"""One exchange among those that share a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp_transport.engine.guard import Flag
from mcp_transport.engine.incoming import Reply, Responder
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from mcp_transport.engine.connection import Connection


class Flight(Responder):
    """Its messages go out among those of others."""

    __slots__ = ("_connection", "_left", "_request_id", "is_open")  # thousands may be listening

    accepts_stream = accepts_json = True

    def __init__(self, connection: Connection, body: Any = None) -> None:
        self.is_open = False
        self._connection = connection
        self._request_id = jsonrpc.read_id(body)
        self._left = Flag()

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for what is still said."""
        return self._left.is_set

    def leave(self) -> None:
        """Say nothing more, and end the work."""
        self._left.set()

    @staticmethod
    def refusal(body: Any, error: ProtocolError) -> bytes:
        """What is said to a message that is not taken."""
        return jsonrpc.error(jsonrpc.read_id(body), error)

    async def begin(self) -> None:
        """Say that the request is taken, on connections that say so."""

    async def answer(self, reply: Reply) -> None:
        """Send what came of the request."""
        if reply.body:
            await self.write(reply.body)

    async def open(self) -> None:
        """See Responder.open(); the connection is open."""
        self.is_open = True

    async def write(self, message: bytes, event_id: str | None = None) -> None:
        """See Responder.write()."""
        if not self.is_over:
            await self._connection.send(message)

    def offer(self, message: bytes) -> bool:
        """See Responder.offer()."""
        return self._left.is_set or self._connection.offer(message)  # many are told at once

    async def retry(self, milliseconds: int) -> None:
        """See Responder.retry(); a connection cannot be taken up again."""

    async def gone(self) -> None:
        """See Responder.gone()."""
        await self._left.wait()
