"""What a tool's return value becomes in its result, by the declared type."""

from __future__ import annotations

from typing import Any

import msgspec

from mcp_transport.protocol.content import Content


class ToolResult(msgspec.Struct, frozen=True):
    """The result of a tool; a tool may return one to say exactly what is sent."""

    content: tuple[Content, ...] = ()
    structured: Any = msgspec.UNSET
    is_error: bool = False
    meta: dict[str, Any] | None = None
