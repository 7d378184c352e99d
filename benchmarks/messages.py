"""
The requests that are sent, as bytes. Pure: no I/O.

The id of a JSON-RPC request has a fixed width, so that a generator can put in
another one without counting the length again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
FIRST_ID = 100_000_000
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is and what opens it."""

    port: int
    path: str
    token: str = ""

    def headers(self) -> dict[str, str]:
        """What every request to it carries."""
        token = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Host": f"127.0.0.1:{self.port}", **token}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; ``body`` is JSON or nothing."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    def encoded(self) -> bytes:
        """The request as it goes over the wire."""
        body = json.dumps(self.body, separators=(",", ":")) if self.body is not None else ""
        headers = dict(self.headers)
        if body:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("ascii")

    def parts(self) -> tuple[str, str]:
        """What stands before and after the id."""
        before, _, after = self.encoded().decode("ascii").partition(str(FIRST_ID))
        return before, after


def _post(address: Address, body: Mapping[str, Any], headers: Mapping[str, str]) -> Request:
    every = address.headers() | ACCEPT | dict(headers)
    return Request(method="POST", path=address.path, headers=every, body=body)


def _request(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": FIRST_ID, "method": method, "params": params}


def _tool(name: str) -> dict[str, Any]:
    arguments = {} if name == "announce" else {"text": "hello"}
    return {"name": name, "arguments": arguments}


def modern_call(address: Address, tool: str) -> Request:
    """A call without a session."""
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": tool}
    return _post(address, _request("tools/call", _tool(tool) | {"_meta": META}), headers)


def listen(address: Address) -> Request:
    """A stream of changes, without a session."""
    params = {"notifications": {"toolsListChanged": True}, "_meta": META}
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "subscriptions/listen"}
    return _post(address, _request("subscriptions/listen", params), headers)


def upgrade(address: Address) -> Request:
    """The beginning of a WebSocket."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    return Request(
        method="GET", path=address.path, headers=address.headers() | headers | key, body=None
    )


def frame(request: Request) -> bytes:
    """The body of a request as a WebSocket's client sends it, with a mask that changes nothing."""
    text = json.dumps(request.body, separators=(",", ":")).encode("ascii")
    return b"\x81\xfe" + len(text).to_bytes(2) + bytes(4) + text


def frame_size(data: bytes) -> int | None:
    """How long the frame is that bytes of a server begin with, its head included; None for too few."""
    head = 4 if data[1:2] == b"\x7e" else 2
    if len(data) < head:
        return None
    return head + (data[1] if head == 2 else int.from_bytes(data[2:4]))


def initialize(address: Address) -> Request:
    """The first message of a session."""
    client = {"name": "benchmark", "version": "1"}
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client}
    return _post(address, _request("initialize", params), {})


def in_session(session: str) -> dict[str, str]:
    """The headers of every later request."""
    return {"Mcp-Session-Id": session, "MCP-Protocol-Version": LEGACY}


def initialized(address: Address, session: str) -> Request:
    """The second message of a session."""
    body = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    return _post(address, body, in_session(session))


def legacy_call(address: Address, tool: str, session: str) -> Request:
    """A call in a session."""
    return _post(address, _request("tools/call", _tool(tool)), in_session(session))


def get_stream(address: Address, session: str) -> Request:
    """The session's own stream."""
    headers = address.headers() | {"Accept": "text/event-stream"} | in_session(session)
    return Request(method="GET", path=address.path, headers=headers)


def delete(address: Address, session: str) -> Request:
    """The end of a session."""
    headers = address.headers() | in_session(session)
    return Request(method="DELETE", path=address.path, headers=headers)
