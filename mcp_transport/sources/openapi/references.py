"""Where a ``$ref`` of a document leads: only to another part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from mcp_transport.protocol.shortening import shown

MOST_HOPS = 16  # from one reference to the next


class Unusable(Exception):
    """An operation that cannot be a tool; the text says why, for the operator."""


def target(document: Mapping[str, Any], reference: object) -> Any:
    """What a reference names. Raises Unusable for one that leads nowhere or outside."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        raise Unusable(f"it refers to {shown(reference)}, which is outside of the document")
    value: Any = document
    for step in unquote(reference[2:]).split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        value = _member(value, key)
        if value is None:
            raise Unusable(f"it refers to {shown(reference)}, which is not there")
    return value


def resolved(document: Mapping[str, Any], part: object) -> dict[str, Any]:
    """A part of the document, or the one that it refers to. Raises Unusable."""
    for _hop in range(MOST_HOPS):
        if not isinstance(part, dict):
            raise Unusable(f"it has {shown(part)} where an object belongs")
        if "$ref" not in part:
            return part
        part = target(document, part["$ref"])
    raise Unusable("it refers in a circle")


def _member(value: Any, key: str) -> Any:
    if isinstance(value, list) and key.isdecimal() and key.isascii() and len(key) < 9:
        return value[int(key)] if int(key) < len(value) else None
    return value.get(key) if isinstance(value, dict) else None
