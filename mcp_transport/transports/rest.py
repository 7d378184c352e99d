"""Tools for whoever has no MCP client: plain JSON over HTTP, and events of a call."""

from __future__ import annotations

from typing import Any, ClassVar

from mcp_transport.conf import settings
from mcp_transport.engine.directory import Offer
from mcp_transport.engine.incoming import ENDED, Incoming, Outcome, Reply
from mcp_transport.protocol import jsonrpc, openapi
from mcp_transport.protocol.errors import InternalError, ProtocolError, Refused
from mcp_transport.protocol.shortening import shown
from mcp_transport.transports import tool_calls
from mcp_transport.transports.plain_endpoint import NOT_KEPT, PlainEndpoint
from mcp_transport.transports.sending import HttpResponder
from mcp_transport.version import __version__

PAGE = "docs"  # for people, which another door shows
ADDRESSES = frozenset({"tools", "health", "stats", "openapi.json", "sessions", PAGE})
SOCKET = "ws/tools/"
STREAM = "/stream"
REQUEST_ID = 1
KINDS = ("tool", "resource", "template", "prompt")
UPGRADE = "This address takes a WebSocket, with a call in each frame."


def is_door(door: str) -> bool:
    """Whether plain HTTP is served at an address below a server's."""
    return door.partition("/")[0] in ADDRESSES or door.startswith(SOCKET)


class EventResponder(HttpResponder):
    """Tells what comes before a result in events of their own names."""

    __slots__ = ()

    async def write(
        self, message: bytes, event_id: str | None = None, *, name: bytes = b"message"
    ) -> None:
        """See Responder.write(); of notifications only progress has an event."""
        progress = tool_calls.progress(message)
        if progress is not None:
            await self.say("progress", progress)

    async def write_chunk(self, index: int, value: Any) -> bool:
        """See Responder.write_chunk()."""
        await self.say("chunk", tool_calls.chunk(index, value))
        return True

    async def say(self, name: str, data: dict[str, Any]) -> None:
        """Send one event."""
        await super().write(jsonrpc.encode(data), name=name.encode())

    async def conclude(self, told: dict[str, Any]) -> None:
        """Send the last two: what came of the call, and that nothing follows."""
        is_good = told["status"] == tool_calls.SUCCESS
        await self.say("result" if is_good else "error", told)
        await self.say("done", {"status": "complete" if is_good else "error"})


class RestConsumer(PlainEndpoint):
    """One request about a server or its tools."""

    methods: ClassVar[tuple[str, ...]] = ("GET", "POST")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """See HttpEndpoint.__call__()."""
        self.send_event = send
        await super().__call__(scope, receive, send)

    async def serve(self, incoming: Incoming) -> Outcome:
        """See HttpEndpoint.serve()."""
        door = self.door
        if incoming.body is not None:
            if door.endswith(STREAM):
                return await self._stream(incoming)
            return await self._answer(incoming)
        if door.startswith(SOCKET):
            raise Refused(426, UPGRADE, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        if door.startswith("tools/"):
            raise Refused(405, "A tool is called by a POST.", headers={"Allow": "POST, OPTIONS"})
        reading = {
            "": self._information,
            "tools": _tools,
            "health": _health,
            "stats": self._stats,
            "openapi.json": self._document,
        }
        if door not in reading:
            raise Refused(
                404, f"There is nothing at {shown(door)}; GET openapi.json for what there is."
            )
        self.runtime.engine.admit(incoming)
        return Reply(200, jsonrpc.encode(reading[door](incoming)), NOT_KEPT)

    def served(self, offer: Offer | None, slug: str) -> Offer:
        """See HttpEndpoint.served(); the endpoint itself stays what it is to clients."""
        if (
            offer is not None
            and self.door == ""
            and not offer.server.is_served_over(self.transport)
        ):
            raise Refused(405, "This address takes POST.", headers={"Allow": "POST"})
        return super().served(offer, slug)

    def _message(self) -> dict[str, Any]:
        name = self.door.removeprefix("tools/").removesuffix(STREAM)
        if not self.door.startswith("tools/") or not name:
            raise Refused(405, "Nothing is posted here.", headers={"Allow": "GET, OPTIONS"})
        return tool_calls.request(REQUEST_ID, name, self.body)

    async def _answer(self, incoming: Incoming) -> Outcome:
        self.responder.accepts_stream = False
        outcome = await self.runtime.engine.receive(incoming, self.responder)
        if not isinstance(outcome, Reply):
            return outcome
        status, told = tool_calls.told(outcome)
        return Reply(status, jsonrpc.encode(told), outcome.headers)

    async def _stream(self, incoming: Incoming) -> Outcome:
        """Tell of the call while it runs; a call that cannot begin is refused as ever."""
        events = EventResponder(
            self.request,
            self.receive,
            self.send_event,
            accepts_json=False,
            accepts_stream=True,
            worker=self.runtime,
        )
        events.headers = self.responder.headers
        self.responder = events
        outcome = await self.runtime.engine.receive(incoming, events)
        if not isinstance(outcome, Reply):
            return outcome
        status, told = tool_calls.told(outcome)
        if not (outcome.outcome or events.is_open):
            return Reply(status, jsonrpc.encode(told), outcome.headers)
        await events.conclude(told)
        return ENDED

    async def _refuse(self, error: ProtocolError) -> None:
        if isinstance(self.responder, EventResponder) and self.responder.is_open:
            status = 500 if isinstance(error, InternalError) else error.status
            await self.responder.conclude(tool_calls.problem(status, error.message))
        await super()._refuse(error)

    def _information(self, incoming: Incoming) -> dict[str, Any]:
        server, base = incoming.offer.server, self.base
        endpoint = f"{settings.MCP_PATH}/{server.slug}"
        return {
            "name": server.slug,
            "title": server.title or server.slug,
            "description": server.description,
            "version": __version__,
            "revisions": server.revisions,
            "counts": _counts(incoming),
            "addresses": {"mcp": endpoint, **{name: f"{base}/{name}" for name in LISTED}},
        }

    def _stats(self, incoming: Incoming) -> dict[str, Any]:
        engine = self.runtime.engine
        functions = engine.services.functions
        return {
            "server": incoming.offer.server.slug,
            "worker": engine.services.worker_id,
            "threads": functions.size,
            "threads_busy": min(functions.unfinished, functions.size),
            "calls_waiting": max(functions.unfinished - functions.size, 0),
            "streams": engine.services.limiting.streams_of(incoming.principal),
            **_counts(incoming),
        }

    def _document(self, incoming: Incoming) -> dict[str, Any]:
        server = incoming.offer.server
        return openapi.document(
            title=server.title or server.slug,
            version=__version__,
            description=server.description,
            url=self.base or "/",
            tools=_tools(incoming)["tools"],
        )


LISTED = ("tools", "sessions", "health", "stats", "openapi.json", PAGE)


def _counts(incoming: Incoming) -> dict[str, int]:
    """How many entries of each kind the caller may use."""
    catalog = incoming.offer.catalog
    return {f"{kind}s": len(catalog.visible(kind, incoming.principal)) for kind in KINDS}


def _tools(incoming: Incoming) -> dict[str, Any]:
    found = incoming.offer.catalog.visible("tool", incoming.principal)
    return {"tools": [tool.wire for tool in found], "count": len(found)}


def _health(incoming: Incoming) -> dict[str, Any]:
    return {"status": "ok", "server": incoming.offer.server.slug, "version": __version__}
