"""
Results cut down to what a revision knows.

Pure: no I/O, no Django. Everything is built in the newest form; what an older
revision does not define is taken away or said in a form that it has, so that
nothing newer reaches an older client.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcp_transport.protocol.content import (
    Audio,
    Content,
    Message,
    ResourceContents,
    ResourceLink,
    Text,
    to_wire,
)
from mcp_transport.protocol.revisions import Revision

Wire = dict[str, Any]


def definition(wire: Wire, revision: Revision) -> Wire:
    """A tool, resource, template or prompt as a list shows it."""
    shaped = dict(wire)
    if not revision.has_titles:
        shaped.pop("title", None)
    if not revision.has_icons:
        shaped.pop("icons", None)
    if not revision.has_meta_everywhere:
        shaped.pop("_meta", None)
    _shape_output(shaped, revision)
    if "annotations" in shaped:
        _shape_annotations(shaped, revision)
    if "arguments" in shaped and not revision.has_titles:
        shaped["arguments"] = [_without(item, "title") for item in shaped["arguments"]]
    return shaped


def _shape_output(shaped: Wire, revision: Revision) -> None:
    schema = shaped.get("outputSchema")
    if schema is None:
        return
    if not revision.has_structured_content:
        del shaped["outputSchema"]
    elif not revision.has_any_structured_content and schema.get("type") != "object":
        shaped["outputSchema"] = wrapped_schema(schema)


def _shape_annotations(shaped: Wire, revision: Revision) -> None:
    if "inputSchema" in shaped:
        if not revision.has_tool_annotations:
            del shaped["annotations"]
    elif not revision.has_last_modified:
        shaped["annotations"] = _without(shaped["annotations"], "lastModified")


def wrapped_schema(schema: Wire) -> Wire:
    """An output schema whose root is an object, as revisions before 2026-07-28 demand."""
    # A document says these of itself as a whole, so they do not move with the rest.
    inner = dict(schema)
    at_root = {name: inner.pop(name) for name in ("$schema", "$defs") if name in inner}
    wrapped = {"type": "object", "properties": {"result": inner}, "required": ["result"]}
    return at_root | wrapped


def structured(value: Any, revision: Revision, *, is_wrapped: bool) -> Any:
    """
    Structured content under the schema that :func:`definition` shows.

    Any JSON value from 2026-07-28 on (server/tools, Structured Content).
    """
    if revision.has_any_structured_content or not is_wrapped:
        return value
    return {"result": value}


def implementation(info: Wire, revision: Revision) -> Wire:
    """Who the server is."""
    shaped = dict(info)
    if not revision.has_titles:
        shaped.pop("title", None)
    if not revision.has_implementation_details:
        for name in ("icons", "description", "websiteUrl"):
            shaped.pop(name, None)
    return shaped


def contents(items: Iterable[Content], revision: Revision) -> list[Wire]:
    """Content blocks."""
    return [content(item, revision) for item in items]


def content(item: Content, revision: Revision) -> Wire:
    """One content block; a kind that the revision lacks becomes text that says what it was."""
    if type(item) is Text and item.annotations is None and item.meta is None:
        return {"type": "text", "text": item.text}
    if isinstance(item, Audio) and not revision.has_audio:
        return {"type": "text", "text": f"[{len(item.data)} bytes of {item.mime_type}]"}
    if isinstance(item, ResourceLink) and not revision.has_resource_links:
        return {"type": "text", "text": f"{item.title or item.name}: {item.uri}"}
    return _without_newer_members(to_wire(item), revision)


def _without_newer_members(wire: Wire, revision: Revision) -> Wire:
    if not revision.has_icons:
        wire.pop("icons", None)
    if not revision.has_meta_everywhere:
        wire.pop("_meta", None)
        wire.get("resource", {}).pop("_meta", None)
    if not revision.has_last_modified and "annotations" in wire:
        wire["annotations"] = _without(wire["annotations"], "lastModified")
    return wire


def resource_contents(items: Iterable[ResourceContents], revision: Revision) -> list[Wire]:
    """What a resource holds."""
    wires: list[Wire] = [to_wire(item) for item in items]
    return wires if revision.has_meta_everywhere else [_without(wire, "_meta") for wire in wires]


def messages(items: Iterable[Message], revision: Revision) -> list[Wire]:
    """The messages of a prompt."""
    return [{"role": item.role, "content": content(item.content, revision)} for item in items]


def question(params: Wire, revision: Revision) -> Wire:
    """
    The parameters of a question; titles of a form's choices move to where a revision has them.

    Those are ``oneOf`` (2025-11-25, client/elicitation, Requested Schema) and
    before it ``enumNames`` (2025-06-18, at the same place).

    Raises ValueError for a choice of several, which older forms cannot offer.
    """
    schema = params.get("requestedSchema")
    if schema is None or revision.has_rich_choices:
        return params
    fields = {name: _plain_field(name, item) for name, item in schema["properties"].items()}
    return {**params, "requestedSchema": {**schema, "properties": fields}}


def _plain_field(name: str, field: Wire) -> Wire:
    if field.get("type") == "array":
        raise ValueError(f"the form field {name!r} is a choice of several")
    if "oneOf" not in field:
        return field
    choices = field["oneOf"]
    plain = _without(field, "oneOf")
    plain["enum"] = [choice["const"] for choice in choices]
    return plain | {"enumNames": [choice.get("title", choice["const"]) for choice in choices]}


def progress(params: Wire, revision: Revision) -> Wire:
    """The parameters of a progress notification."""
    return params if revision.has_progress_messages else _without(params, "message")


def _without(wire: Wire, name: str) -> Wire:
    return {key: value for key, value in wire.items() if key != name}
