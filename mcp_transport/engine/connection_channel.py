"""The back channel of a client on a connection that both sides write to."""

from __future__ import annotations

import secrets

from mcp_transport.engine.asking import AskingChannel
from mcp_transport.engine.back_channel import Pending
from mcp_transport.engine.incoming import Responder
from mcp_transport.sessions.store import SessionRecord


class ConnectionChannel(AskingChannel):
    """Says everything at once: there is no stream to open and nothing to resume."""

    def __init__(
        self,
        responder: Responder,
        pending: Pending,
        session: SessionRecord,
        *,
        answer_timeout: float,
    ) -> None:
        super().__init__(pending, session, answer_timeout=answer_timeout)
        self._responder = responder

    async def open(self) -> None:
        """It is open."""

    async def notify(self, message: bytes) -> None:
        """See BackChannel.notify()."""
        await self._responder.write(message)

    async def release(self) -> None:
        """Whoever leaves this connection cannot come back to it, so nobody is let go."""

    async def name_question(self) -> str:
        """See AskingChannel.name_question()."""
        return secrets.token_urlsafe(12)
