"""What a decoded body is, as far as a connection has to know before it is served."""

from __future__ import annotations

from typing import Any

from mcp_transport.protocol import routing
from mcp_transport.protocol.jsonrpc import Id, is_id

Key = tuple[type, Id]  # 1 and "1" are different requests


def is_handshake(body: Any) -> bool:
    """Whether a message opens a session."""
    is_named = type(body) is dict and body.get("method") == "initialize"
    return is_named and not routing.claims_modern(body)


def keys_of(body: Any) -> list[Key]:
    """The ids of the requests in a message, or in each of an array."""
    messages = body if type(body) is list else [body]
    return [
        (type(item["id"]), item["id"])
        for item in messages
        if type(item) is dict and type(item.get("method")) is str and is_id(item.get("id"))
    ]


def expects_answer(body: Any) -> bool:
    """Whether an error may be told: to a request, and to what is no message at all."""
    if type(body) is not dict:
        return True
    if "method" in body:
        return "id" in body
    return not ("id" in body and ("result" in body or "error" in body))
