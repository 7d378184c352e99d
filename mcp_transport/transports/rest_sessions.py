"""Sessions over plain HTTP, for who opened them: which there are, what is said, their end."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec

from mcp_transport.auth.principal import Principal
from mcp_transport.digits import read_number
from mcp_transport.engine.directory import Offer
from mcp_transport.engine.incoming import ENDED, Incoming, Outcome, Reply
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InvalidRequest, Refused
from mcp_transport.protocol.headers import LAST_EVENT_ID
from mcp_transport.sessions.history import MOST, Position
from mcp_transport.sessions.store import ID
from mcp_transport.transports.plain_endpoint import NOT_KEPT, PlainEndpoint

DOOR = "sessions"
ENDED_BODY = jsonrpc.encode({"status": "closed"})


class SessionsConsumer(PlainEndpoint):
    """One request about the sender's sessions: all, or ``sessions/<id>`` and below."""

    methods: ClassVar[tuple[str, ...]] = ("GET", "DELETE")

    def describe(self, offer: Offer, principal: Principal) -> Incoming:
        """See HttpEndpoint.describe()."""
        session_id, _, self.part = self.door.removeprefix(DOOR).strip("/").partition("/")
        if session_id and not ID.fullmatch(session_id):
            session_id = "-"  # is nobody's; a database may not take it as text
        last_event_id = self.headers.get(LAST_EVENT_ID)
        return msgspec.structs.replace(
            super().describe(offer, principal),
            session_id=session_id,
            last_event_id=None if last_event_id is None else last_event_id.decode("latin-1"),
        )

    async def serve(self, incoming: Incoming) -> Outcome:
        """See HttpEndpoint.serve()."""
        own = self.runtime.engine.ownership
        if self.request["method"] == "DELETE":  # ending a session is always allowed
            return await self._close(incoming)
        self.runtime.engine.admit(incoming)
        if not incoming.session_id:
            found = await own.sessions(incoming)
            return _answer({"sessions": found, "count": len(found)})
        if self.part == "":
            return _answer(await own.find(incoming))
        if self.part == "messages":
            return await self._messages(incoming)
        if self.part == "stream":
            return await self._stream(incoming)
        raise Refused(404, "A session has messages and a stream, and nothing else here.")

    async def _close(self, incoming: Incoming) -> Outcome:
        if not incoming.session_id or self.part:
            raise Refused(405, "A session is ended at its own address.", headers={"Allow": "GET"})
        await self.runtime.engine.ownership.close(incoming)
        return _answer({"status": "terminated"})

    async def _messages(self, incoming: Incoming) -> Outcome:
        asked = dict(parse_qsl(self.request["query_string"].decode("latin-1")))
        limit = _limit(asked.get("limit", str(MOST)))
        after = _position(asked.get("after"))
        said, position = await self.runtime.engine.ownership.read(incoming, after, limit)
        return _answer(
            {"messages": said, "count": len(said), "limit": limit, "cursor": str(position)}
        )

    async def _stream(self, incoming: Incoming) -> Outcome:
        if await self.runtime.engine.ownership.follow(incoming, self.responder):
            await self.responder.write(ENDED_BODY, name=b"done")
        return ENDED


def _answer(value: Any) -> Reply:
    return Reply(200, jsonrpc.encode(value), NOT_KEPT)


def _limit(text: str) -> int:
    limit = read_number(text, most=MOST)
    if not limit:
        raise InvalidRequest(f"limit is a whole number from 1 to {MOST}.")
    return limit


def _position(text: str | None) -> Position | None:
    if text is None:
        return None
    position = Position.parse(text)
    if position is None:
        raise InvalidRequest("after is the cursor of an earlier answer, or 0.0 for the beginning.")
    return position
