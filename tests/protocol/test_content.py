"""Tests of mcp_transport.protocol.content."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.protocol import content
from mcp_transport.protocol.content import (
    Annotations,
    Audio,
    BlobResource,
    EmbeddedResource,
    Icon,
    Image,
    Message,
    ResourceLink,
    Text,
    TextResource,
    to_wire,
)
from tests.schema import check

HINTS = Annotations(
    audience=("user", "assistant"), priority=0.5, last_modified="2026-01-01T00:00:00Z"
)
PICTURE = Icon(src="https://x.example/i.png", mime_type="image/png", sizes=("any",), theme="dark")
NOTE = TextResource(uri="note://a", text="hello", mime_type="text/plain", meta={"x": 1})

# Each record in full, and the official definition it is an instance of.
FULL: list[tuple[Any, str]] = [
    (Text(text="hello", annotations=HINTS, meta={"x": 1}), "TextContent"),
    (Image(data=b"\x00\xff", mime_type="image/png", annotations=HINTS), "ImageContent"),
    (Audio(data=b"\x00\xff", mime_type="audio/wav", annotations=HINTS), "AudioContent"),
    (
        ResourceLink(
            uri="note://a", name="a", title="A", description="It", mime_type="text/plain",
            size=5, icons=(PICTURE,),
        ),
        "ResourceLink",
    ),
    (EmbeddedResource(resource=NOTE, annotations=HINTS), "EmbeddedResource"),
    (NOTE, "TextResourceContents"),
    (BlobResource(uri="note://b", blob=b"\x00"), "BlobResourceContents"),
    (Message(content=Text(text="hello"), role="assistant"), "PromptMessage"),
    (PICTURE, "Icon"),
    (HINTS, "Annotations"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "definition"), FULL, ids=[name for _, name in FULL])
def test_a_record_is_what_the_newest_schemas_define(record: Any, definition: str) -> None:
    for revision in ("2025-11-25", "2026-07-28"):
        check(revision, definition, to_wire(record))


def test_bytes_become_base64() -> None:
    assert to_wire(Image(data=b"\x00\xff", mime_type="image/png"))["data"] == "AP8="
    assert to_wire(BlobResource(uri="note://b", blob=b"\xfb"))["blob"] == "+w=="


def test_what_is_not_given_is_not_said() -> None:
    assert to_wire(Text(text="")) == {"type": "text", "text": ""}
    assert to_wire(TextResource(uri="note://a", text="")) == {"uri": "note://a", "text": ""}
    assert to_wire(Annotations()) == {}


def test_a_message_says_whose_it_is_when_it_is_the_users_too() -> None:
    assert to_wire(Message(content=Text(text="hello"))) == {
        "content": {"type": "text", "text": "hello"},
        "role": "user",
    }


def test_content_types_are_those_of_the_schema() -> None:
    assert set(content.CONTENT_TYPES) == set(content.Content.__args__)
