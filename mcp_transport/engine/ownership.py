"""
Sessions as their owner sees them from outside, beside the client that speaks in them.

The owner is a credential: what another opened is not there, not even for the
same user, and who sends none owns none, for all who do so look the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from mcp_transport.auth.errors import CredentialsRequired
from mcp_transport.digits import read_key
from mcp_transport.engine.incoming import Incoming, Responder
from mcp_transport.engine.listening import listening
from mcp_transport.engine.services import Services
from mcp_transport.protocol.errors import InvalidRequest, Refused
from mcp_transport.sessions.history import OwnSession, Position, Said
from mcp_transport.streams.hub import Listener

LOOK_INTERVAL = 0.5  # seconds between two looks at what was said
NOBODY = "Sessions belong to who opened them; send the credentials that you opened them with."
NO_SESSION = "There is no such open session of yours on this server."

End = Callable[[str, str], Awaitable[None]]


class Ownership:
    """What owners ask of their sessions; ``end`` ends one, with a reason."""

    def __init__(self, services: Services, end: End) -> None:
        self._services = services
        self._history = services.history
        self._end = end

    async def sessions(self, incoming: Incoming) -> list[OwnSession]:
        """The caller's open sessions on the server."""
        _refuse_nobody(incoming)
        return await self._history.owned(incoming.principal.key, incoming.offer.server.id)

    async def find(self, incoming: Incoming) -> OwnSession:
        """The session that is named. Raises Refused for one that is not the caller's."""
        _refuse_nobody(incoming)
        found = await self._look(incoming)
        if found is None:
            raise Refused(404, NO_SESSION)
        return found

    async def close(self, incoming: Incoming) -> None:
        """End it and everything that runs in it."""
        session = await self.find(incoming)
        await self._end(session.id, "owner")

    async def read(
        self, incoming: Incoming, after: Position | None, limit: int
    ) -> tuple[list[Said], Position]:
        """What was said in it, and how far that is."""
        session = await self.find(incoming)
        return await self._history.read(session.id, after, limit)

    async def follow(self, incoming: Incoming, responder: Responder) -> bool:
        """
        Tell what is said in it, from now or after Last-Event-ID; whether it has ended.

        Returns as well when the caller leaves, may not stay, or this process stops.
        """
        session = await self.find(incoming)
        if not responder.accepts_stream:
            raise Refused(406, "A stream needs Accept: text/event-stream.")
        after = _resumed(incoming.last_event_id)
        if after is None:
            after = await self._history.newest_event(session.id)
        async with listening(self._services, incoming, responder) as listener:
            await responder.open()
            while not listener.is_ended:
                # Before what was said is read: the last of it may be said as the session ends.
                is_open = await self._look(incoming) is not None
                after = await self._tell(session.id, after, responder)
                if not is_open:
                    return True
                await _changes(listener)
        return False

    async def _tell(self, session_id: str, after: int, responder: Responder) -> int:
        """Tell what came after an event; which one was the last."""
        for id_, data in await self._history.events(session_id, after):
            after = id_
            if data:  # one without is for the session's client, to resume from
                await responder.write(data, str(id_))
        return after

    async def _look(self, incoming: Incoming) -> OwnSession | None:
        key, server_id = incoming.principal.key, incoming.offer.server.id
        return await self._history.find(incoming.session_id or "", key, server_id)


async def _changes(listener: Listener) -> None:
    """Wait until something is to be told, or it is time to look without having been called."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LOOK_INTERVAL):
            await listener.changes()


def _refuse_nobody(incoming: Incoming) -> None:
    if incoming.principal.is_anonymous:
        raise CredentialsRequired(NOBODY)


def _resumed(last_event_id: str | None) -> int | None:
    """The event after which to go on. Raises InvalidRequest."""
    if last_event_id is None:
        return None
    event = read_key(last_event_id)
    if event is None:
        raise InvalidRequest("Last-Event-ID is the id of an event of this stream, or 0.")
    return event
