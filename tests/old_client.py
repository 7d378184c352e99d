"""A client of HTTP with SSE: one stream, and POSTs beside it."""

from __future__ import annotations

import json
from typing import Any

from mcp_transport.testing import Exchange, Http
from tests.schema import check_message

STREAM = {"accept": "text/event-stream"}
JSON = {"content-type": "application/json"}
ENDPOINT = "/mcp/open/sse"


class OldClient:
    """A client of 2024-11-05 or later, over its stream and its POSTs."""

    def __init__(self, http: Http, *, token: str = "") -> None:
        self.http = http
        self.credentials = {"authorization": f"Bearer {token}"} if token else {}
        self.stream: Exchange
        self.address = ""
        self.revision = "2024-11-05"
        self._methods: dict[Any, str] = {}

    async def connect(self, path: str = ENDPOINT) -> OldClient:
        """Open the stream and read where to POST."""
        self.stream = await self.http.open("GET", path, headers={**STREAM, **self.credentials})
        assert self.stream.status == 200
        event = await self.stream.event()
        assert event is not None
        assert event.event == "endpoint"
        assert event.id is None
        assert event.data is not None
        self.address = event.data
        return self

    async def post(self, message: Any, **options: Any) -> Exchange:
        """POST a message."""
        self.expect(message)
        headers = {**JSON, **self.credentials, **options.pop("headers", {})}
        body = json.dumps(message).encode()
        address = options.pop("address", self.address)
        return await self.http.open("POST", address, headers=headers, body=body)

    def expect(self, message: Any) -> None:
        """Note what a message asks, for the answer."""
        if "method" in message and "id" in message:
            self._methods[message["id"]] = message["method"]

    async def message(self) -> dict[str, Any]:
        """Wait for the next message on the stream."""
        while (event := await self.stream.event()) is not None and event.data is None:
            pass
        assert event is not None, "the stream has ended"
        assert event.event == "message"
        message = json.loads(event.data or "")
        asked = self._methods.pop(message["id"], None) if "result" in message else None
        if isinstance(message, dict) and "id" in message:
            check_message(self.revision, message, method=asked)
        return dict(message)

    async def ask(self, method: str, params: Any = None, *, id: Any = 1) -> dict[str, Any]:  # noqa: A002
        """Send a request and take the next message as its answer."""
        message = {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}}
        accepted = await self.post(message)
        assert (accepted.status, await accepted.read()) == (202, b"")
        return await self.message()

    async def initialize(self, revision: str = "2024-11-05", **capabilities: Any) -> Any:
        """Shake hands."""
        self.revision = revision
        info = {"name": "tests", "version": "1"}
        asked = {"protocolVersion": revision, "capabilities": capabilities, "clientInfo": info}
        answer = await self.ask("initialize", asked)
        await self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer["result"]
