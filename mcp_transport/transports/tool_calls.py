"""
What a plain call stands for in the protocol, and what its answer says.

Each call is a request of a stateless client to the engine, so it is checked,
limited and recorded like any other, and carried out once.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mcp_transport.engine.incoming import Reply
from mcp_transport.protocol.errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    UNEXPECTED,
    InvalidRequest,
    Refused,
)
from mcp_transport.protocol.jsonrpc import Id
from mcp_transport.protocol.revisions import R2026_07_28
from mcp_transport.protocol.routing import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION
from mcp_transport.registry.results import refuse_infinite, to_json_value

TRANSPORT = "rest"
KEY = b"x-api-key"
UNPROCESSABLE = 422  # the tool was called, and says what is wrong
SUCCESS = "success"
ASKS = "The tool asks its user something, which plain HTTP cannot; call it with an MCP client."
META = {
    PROTOCOL_VERSION: R2026_07_28.name,
    CLIENT_CAPABILITIES: {},
    CLIENT_INFO: {"name": "REST", "version": "1"},
    "progressToken": 1,  # an exchange of its own carries what is said of a call
}

Json = dict[str, Any]


def take_key(headers: dict[bytes, bytes], duplicates: frozenset[bytes]) -> None:
    """Let a token that is sent as a key count as one. Raises Refused for two keys."""
    if KEY in duplicates:
        raise Refused(400, "X-API-Key stands once in a request.")
    key = headers.get(KEY)
    if key is not None and b"authorization" not in headers:
        headers[b"authorization"] = b"Bearer " + key


def request(id_: Id, tool: str, body: Any) -> Json:
    """The request that the body of a call stands for. Raises InvalidRequest."""
    arguments = body.get("arguments", {}) if type(body) is dict else None
    if type(arguments) is not dict:
        raise InvalidRequest('The body is {"arguments": {}}, with an object of arguments.')
    params = {"name": tool, "arguments": arguments, "_meta": META}
    return {"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": params}


def progress(message: bytes) -> Json | None:
    """What a notification says of progress; None for one of something else."""
    value = msgspec.json.decode(message)
    if value.get("method") != "notifications/progress":
        return None
    said = {name: value["params"].get(name) for name in ("progress", "total", "message")}
    return said


def chunk(index: int, value: Any) -> Json:
    """One piece of a result. Raises NotFinite."""
    is_content = isinstance(value, msgspec.Struct)
    data = msgspec.to_builtins(value) if is_content else to_json_value(value)
    refuse_infinite(data)
    return {"index": index, "data": data}


def told(reply: Reply) -> tuple[int, Json]:
    """The status and the body that an answer of the engine stands for."""
    answer = msgspec.json.decode(reply.body)
    if "error" in answer:
        return _failed(reply.status, answer["error"])
    result: Json = answer["result"]
    content = result.get("content", [])
    text = "\n".join(block["text"] for block in content if block["type"] == "text")
    if reply.outcome == "ok":
        data = result.get("structuredContent", text)
        return 200, {"status": SUCCESS, "data": data, "content": content}
    status = 500 if text == UNEXPECTED else UNPROCESSABLE
    if reply.outcome == "timeout":
        status = 408
    return status, problem(status, text or ASKS)


def problem(status: int, message: str, data: Any = None) -> Json:
    """What is told instead of a result."""
    error = {"code": status, "message": message}
    if data is not None:
        error["data"] = data
    return {"status": "error", "error": error}


def _failed(status: int, error: Json) -> tuple[int, Json]:
    code, message = error["code"], error["message"]
    if code == MISSING_REQUIRED_CLIENT_CAPABILITY:
        return 400, problem(400, ASKS)
    if status == 200:  # JSON-RPC has said it in the body
        status = {INVALID_PARAMS: 404, INTERNAL_ERROR: 500}.get(code, 400)
    return status, problem(status, message)
