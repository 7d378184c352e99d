"""
Tools for whoever has no MCP client: plain JSON over HTTP.

Each call is a request of a stateless client to the engine, so it is checked,
limited and recorded like any other, and carried out once.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings
from mcp_transport.engine.directory import Offer
from mcp_transport.engine.incoming import ENDED, Incoming, Outcome, Reply
from mcp_transport.protocol import jsonrpc, openapi
from mcp_transport.protocol.errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    UNEXPECTED,
    InternalError,
    InvalidRequest,
    ProtocolError,
    Refused,
)
from mcp_transport.protocol.revisions import R2026_07_28
from mcp_transport.protocol.routing import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION
from mcp_transport.registry.results import to_json_value
from mcp_transport.transports.endpoint import HttpEndpoint
from mcp_transport.transports.refusing import refusal_headers
from mcp_transport.transports.sending import HttpResponder
from mcp_transport.version import __version__

TRANSPORT = "rest"
ADDRESSES = frozenset({"tools", "health", "stats", "openapi.json"})
STREAM = "/stream"
REQUEST_ID = 1
KEY = b"x-api-key"
UNPROCESSABLE = 422  # the tool was called, and says what is wrong
META = {
    PROTOCOL_VERSION: R2026_07_28.name,
    CLIENT_CAPABILITIES: {},
    CLIENT_INFO: {"name": "REST", "version": "1"},
    "progressToken": REQUEST_ID,
}


class EventResponder(HttpResponder):
    """Tells what comes before a result in events of their own names."""

    async def write(
        self, message: bytes, event_id: str | None = None, *, name: bytes = b"message"
    ) -> None:
        """See Responder.write(); of notifications only progress has an event."""
        value = msgspec.json.decode(message)
        if value.get("method") == "notifications/progress":
            await self.say("progress", {"total": None, "message": None, **_report(value)})

    async def write_chunk(self, index: int, value: Any) -> bool:
        """See Responder.write_chunk()."""
        is_content = isinstance(value, msgspec.Struct)
        data = msgspec.to_builtins(value) if is_content else to_json_value(value)
        await self.say("chunk", {"index": index, "data": data})
        return True

    async def say(self, name: str, data: dict[str, Any]) -> None:
        """Send one event."""
        await super().write(jsonrpc.encode(data), name=name.encode())


class RestConsumer(HttpEndpoint):
    """One request to an address below a server's that takes and gives plain JSON."""

    transport = TRANSPORT
    methods: ClassVar[tuple[str, ...]] = ("GET", "POST")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """See HttpEndpoint.__call__()."""
        self.send_event = send
        await super().__call__(scope, receive, send)

    def describe(self, offer: Offer, principal: Principal) -> Incoming:
        """See HttpEndpoint.describe()."""
        return Incoming(
            offer=offer,
            principal=principal,
            transport=TRANSPORT,
            body=self._call() if self.request["method"] == "POST" else None,
            headers=self.headers,
            has_routing_headers=False,
            is_still_welcome=self.is_still_welcome,
        )

    async def serve(self, incoming: Incoming) -> Outcome:
        """See HttpEndpoint.serve()."""
        door: str = self.request["mcp_door"]
        if incoming.body is not None:
            if door.endswith(STREAM):
                return await self._stream(incoming)
            return await self._answer(incoming)
        if door.startswith("tools/"):
            raise Refused(405, "A tool is called by a POST.", headers={"Allow": "POST, OPTIONS"})
        reading = {"tools": _tools, "health": _health, "stats": self._stats}
        show = reading.get(door, self._document)
        return Reply(200, jsonrpc.encode(show(incoming)))

    def _check_gate(self) -> bool:
        is_known = super()._check_gate()
        if KEY in self.duplicates:
            raise Refused(400, "X-API-Key stands once in a request.")
        key = self.headers.get(KEY)
        if key is not None and b"authorization" not in self.headers:
            self.headers[b"authorization"] = b"Bearer " + key
        return is_known

    def _call(self) -> dict[str, Any]:
        """The request that a body stands for. Raises ProtocolError."""
        door: str = self.request["mcp_door"]
        name = door.removeprefix("tools/").removesuffix(STREAM)
        if not door.startswith("tools/") or not name:
            raise Refused(405, "Nothing is posted here.", headers={"Allow": "GET, OPTIONS"})
        body = self.body
        arguments = body.get("arguments", {}) if type(body) is dict else None
        if type(arguments) is not dict:
            raise InvalidRequest('The body is {"arguments": {}}, with an object of arguments.')
        params = {"name": name, "arguments": arguments, "_meta": META}
        return {"jsonrpc": "2.0", "id": REQUEST_ID, "method": "tools/call", "params": params}

    async def _answer(self, incoming: Incoming) -> Outcome:
        self.responder.accepts_stream = False
        outcome = await self.runtime.engine.receive(incoming, self.responder)
        if not isinstance(outcome, Reply):
            return outcome
        status, told = _told(outcome)
        return Reply(status, jsonrpc.encode(told), outcome.headers)

    async def _stream(self, incoming: Incoming) -> Outcome:
        """Tell of the call while it runs; a call that cannot begin is refused as ever."""
        events = EventResponder(
            self.send_event,
            self.receive,
            accepts_json=False,
            accepts_stream=True,
            keep_alive=self.runtime.keep_alive,
        )
        events.headers = self.responder.headers
        self.responder = events
        outcome = await self.runtime.engine.receive(incoming, events)
        if not isinstance(outcome, Reply):
            return outcome
        status, told = _told(outcome)
        if not (outcome.outcome or events.is_open):
            return Reply(status, jsonrpc.encode(told), outcome.headers)
        await _conclude(events, told)
        return ENDED

    async def _refuse(self, error: ProtocolError) -> None:
        status = 500 if isinstance(error, InternalError) else error.status
        told = _problem(status, error.message)
        if isinstance(self.responder, EventResponder) and self.responder.is_open:
            await _conclude(self.responder, told)
        url = f"{self.request.get('scheme', 'http')}://{self._host}{self.request['path']}"
        body = b"" if self.responder.is_open else jsonrpc.encode(told)
        await self.responder.finish(status, body, refusal_headers(error, url))

    @property
    def _host(self) -> str:
        return self.headers.get(b"host", b"").decode("latin-1")

    def _stats(self, incoming: Incoming) -> dict[str, Any]:
        services, catalog = self.runtime.engine.services, incoming.offer.catalog
        kinds = ("tool", "resource", "template", "prompt")
        return {
            "server": incoming.offer.server.slug,
            "worker": services.worker_id,
            "threads": settings.MCP_THREADS,
            **{f"{k}s": len(catalog.visible(k, incoming.principal)) for k in kinds},
        }

    def _document(self, incoming: Incoming) -> dict[str, Any]:
        server = incoming.offer.server
        path: str = self.request["path"]
        return openapi.document(
            title=server.title or server.slug,
            version=__version__,
            description=server.description,
            url=path.rstrip("/").removesuffix("/openapi.json"),
            tools=_tools(incoming)["tools"],
        )


def _tools(incoming: Incoming) -> dict[str, Any]:
    found = incoming.offer.catalog.visible("tool", incoming.principal)
    return {"tools": [tool.wire for tool in found], "count": len(found)}


def _health(incoming: Incoming) -> dict[str, Any]:
    return {"status": "ok", "server": incoming.offer.server.slug, "version": __version__}


def _told(reply: Reply) -> tuple[int, dict[str, Any]]:
    """The status and the body that an answer of the engine stands for."""
    answer = msgspec.json.decode(reply.body)
    if "error" in answer:
        return _failed(reply.status, answer["error"])
    result: dict[str, Any] = answer["result"]
    content = result.get("content", [])
    text = "\n".join(block["text"] for block in content if block["type"] == "text")
    if reply.outcome == "ok":
        data = result.get("structuredContent", text)
        return 200, {"status": "success", "data": data, "content": content}
    status = 500 if text == UNEXPECTED else UNPROCESSABLE
    if reply.outcome == "timeout":
        status = 408
    return status, _problem(status, text or "The tool asks something; call it with an MCP client.")


def _failed(status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if status == 200:  # JSON-RPC has said it in the body
        status = {INVALID_PARAMS: 404, INTERNAL_ERROR: 500}.get(error["code"], 400)
    return status, _problem(status, error["message"])


def _problem(status: int, message: str) -> dict[str, Any]:
    return {"status": "error", "error": {"code": status, "message": message}}


def _report(notification: dict[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = notification["params"]
    return {key: value for key, value in params.items() if key != "progressToken"}


async def _conclude(events: EventResponder, told: dict[str, Any]) -> None:
    """The last two events: what came of the call, and that nothing follows."""
    is_good = told["status"] == "success"
    await events.say("result" if is_good else "error", told)
    await events.say("done", {"status": "complete" if is_good else "error"})
