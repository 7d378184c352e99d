"""What a server of others answers, as content of this site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mcp_transport.protocol.content import (
    Audio,
    BlobResource,
    Content,
    Described,
    EmbeddedResource,
    Image,
    Message,
    ResourceContents,
    ResourceLink,
    Text,
    TextResource,
)
from mcp_transport.registry.checking import Checked
from mcp_transport.registry.errors import ToolError
from mcp_transport.registry.results import ToolResult
from mcp_transport.sources.foreign.definitions import ForeignTool

Simple = Text | Image | Audio | ResourceLink  # the kinds that stand for themselves
UNKNOWN = "[content of a kind that is not known here]"


def tool_result(tool: ForeignTool, answer: dict[str, Any]) -> ToolResult:
    """A tool's result. Raises ToolError for one that is not what the tool declares."""
    content, meta = answer.get("content"), answer.get("_meta")
    is_error = answer.get("isError") is True
    structured = answer.get("structuredContent", msgspec.UNSET)
    if tool.output is not None and not is_error:
        _require(tool.output, structured)
    return ToolResult(
        content=tuple(map(_content, content)) if isinstance(content, list) else (),
        structured=structured,
        is_error=is_error,
        meta=meta if isinstance(meta, dict) else None,
    )


def resource_contents(answer: dict[str, Any]) -> Sequence[ResourceContents]:
    """What a resource holds; what cannot be understood is left out."""
    items = answer.get("contents")
    found = (_resource(item) for item in items) if isinstance(items, list) else ()
    return tuple(item for item in found if item is not None)


def messages(answer: dict[str, Any]) -> Sequence[Message]:
    """The messages of a prompt."""
    items = answer.get("messages")
    listed = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return tuple(
        Message(
            content=_content(item.get("content")),
            role="assistant" if item.get("role") == "assistant" else "user",
        )
        for item in listed
    )


def completions(answer: dict[str, Any]) -> Sequence[str]:
    """The values that an argument may take."""
    completion = answer.get("completion")
    values = completion.get("values") if isinstance(completion, dict) else None
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _require(output: Checked, structured: Any) -> None:
    if structured is msgspec.UNSET:
        raise ToolError("The tool declares structured content and returned none.")
    if problem := output.problem(structured):
        raise ToolError(f"The tool broke its output schema: {problem}")


def _content(item: Any) -> Content:
    try:
        if isinstance(item, dict) and item.get("type") == "resource":
            return _embedded(item)
        simple: Content = msgspec.convert(item, Simple)
        return simple
    except msgspec.ValidationError:
        return Text(text=UNKNOWN)


def _embedded(item: dict[str, Any]) -> Content:
    resource = _resource(item.get("resource"))
    if resource is None:
        return Text(text=UNKNOWN)
    described = msgspec.convert(item, Described)
    return EmbeddedResource(
        resource=resource, annotations=described.annotations, meta=described.meta
    )


def _resource(item: Any) -> ResourceContents | None:
    try:
        if isinstance(item, dict) and "blob" in item:
            return msgspec.convert(item, BlobResource)
        return msgspec.convert(item, TextResource)
    except msgspec.ValidationError:
        return None
