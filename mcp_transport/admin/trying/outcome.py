"""
What came of a run, made ready to be looked at.

Whatever a tool returns is text to the page: its HTML is never markup here, and
of images only those are shown that cannot hold a script.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcp_transport.admin.json_tree import JsonTree

IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
MAX_IMAGE = 1_000_000  # characters of base64 that the page itself carries
MAX_TEXT = 20_000  # characters of one text
MAX_BLOCKS = 50
MAX_RAW = 60_000  # characters of an exchange that is shown as it was


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One piece of a result."""

    index: int
    kind: str  # "text", "image", "file", "link", "json"
    role: str = ""  # who says it, in a prompt
    text: str = ""
    is_cut: bool = False
    mime_type: str = ""
    source: str = ""  # of an image
    uri: str = ""
    size: int = 0  # bytes of what can be downloaded
    tree: JsonTree | None = None


def blocks(result: dict[str, Any]) -> list[Block]:
    """The content of a result: of a tool, of a prompt or of a resource."""
    found = list(contents(result))
    return [_block(index, role, item) for index, (role, item) in enumerate(found[:MAX_BLOCKS])]


def contents(result: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Who says it, and what; nothing of a result that is made otherwise."""
    for item in _objects(result.get("content")):
        yield "", item
    for message in _objects(result.get("messages")):
        said = message.get("content")
        for item in _objects(said if isinstance(said, list) else [said]):
            yield _word(message, "role"), item
    for item in _objects(result.get("contents")):
        yield "", {"type": "resource", "resource": item}


def download(result: dict[str, Any], index: int) -> tuple[bytes, str] | None:
    """The bytes of a piece of content, and what they are said to be."""
    found = list(contents(result))
    if not index < len(found):
        return None
    inner = _inner(found[index][1])
    decoded = _decoded(_data(inner))
    return None if decoded is None else (decoded, _word(inner, "mimeType"))


def raw(message: Any) -> str:
    """A message as it was, but not all of what is too long to read."""
    text = json.dumps(message, indent=2, ensure_ascii=False)
    left_out = len(text) - MAX_RAW
    return text if left_out <= 0 else f"{text[:MAX_RAW]}\n… {left_out} characters more"


def _block(index: int, role: str, item: dict[str, Any]) -> Block:
    if item.get("type") == "text":
        return _text(index, role, _word(item, "text"))
    if item.get("type") == "resource_link":
        name = _word(item, "title") or _word(item, "name")
        return Block(index=index, kind="link", role=role, text=name, uri=_word(item, "uri"))
    inner = _inner(item)
    if isinstance(inner.get("text"), str):
        return _text(index, role, inner["text"], _word(inner, "mimeType"), _word(inner, "uri"))
    data = _data(inner)
    return _bytes(index, role, inner, data) if isinstance(data, str) else _json(index, role, item)


def _inner(item: dict[str, Any]) -> dict[str, Any]:
    """Where the content stands: in a resource of its own, or in the item itself."""
    inner = item.get("resource", item)
    return inner if isinstance(inner, dict) else {}


def _data(inner: dict[str, Any]) -> Any:
    return inner.get("data") or inner.get("blob")


def _word(item: dict[str, Any], name: str) -> str:
    return str(item.get(name) or "")


def _text(index: int, role: str, text: str, mime_type: str = "", uri: str = "") -> Block:
    shown = text[:MAX_TEXT]
    return Block(
        index=index,
        kind="text",
        role=role,
        text=shown,
        is_cut=len(shown) < len(text),
        mime_type=mime_type,
        uri=uri,
        tree=_tree(text) if not mime_type or "json" in mime_type else None,
    )


def _tree(text: str) -> JsonTree | None:
    """JSON in a text, if that is an object or an array."""
    if not text.lstrip().startswith(("{", "[")) or len(text) > MAX_RAW:
        return None
    try:
        return JsonTree(value=json.loads(text), label="The text as JSON")
    except (ValueError, RecursionError):
        return None


def _bytes(index: int, role: str, inner: dict[str, Any], data: str) -> Block:
    mime_type = _word(inner, "mimeType")
    decoded = _decoded(data)
    is_shown = mime_type in IMAGES and decoded is not None and len(data) <= MAX_IMAGE
    return Block(
        index=index,
        kind="image" if is_shown else "file",
        role=role,
        mime_type=mime_type,
        uri=_word(inner, "uri"),
        size=len(decoded or b""),
        source=f"data:{mime_type};base64,{data}" if is_shown else "",
    )


def _json(index: int, role: str, item: dict[str, Any]) -> Block:
    tree = JsonTree(value=item, label="Content of another kind")
    return Block(index=index, kind="json", role=role, tree=tree)


def _decoded(data: Any) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else None
    except (binascii.Error, ValueError):
        return None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield item
