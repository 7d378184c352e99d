"""Tests of mcp_transport.protocol.shaping."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.protocol import shaping
from mcp_transport.protocol.content import (
    Annotations,
    Audio,
    BlobResource,
    Content,
    EmbeddedResource,
    Icon,
    Image,
    Message,
    ResourceLink,
    Text,
    TextResource,
)
from mcp_transport.protocol.revisions import REVISIONS, Revision
from tests.schema import check, definitions_of

every = pytest.mark.parametrize("revision", REVISIONS.values(), ids=str)
before_links = [r for r in REVISIONS.values() if not r.has_resource_links]

HINTS = Annotations(audience=("user",), priority=1, last_modified="2026-01-01T00:00:00Z")
ICONS = (Icon(src="https://x.example/i.png"),)
COMMON: dict[str, Any] = {
    "name": "a",
    "title": "A",
    "description": "It",
    "icons": [{"src": "https://x.example/i.png"}],
    "_meta": {"x": 1},
}
OBJECT = {"type": "object", "properties": {}}
ANNOTATED = {"annotations": {"priority": 1, "lastModified": "2026-01-01T00:00:00Z"}}

# A definition in its newest form, and what the schemas call it.
DEFINITIONS: dict[str, dict[str, Any]] = {
    "Tool": {
        **COMMON,
        "inputSchema": OBJECT,
        "outputSchema": {"type": "array", "items": {"type": "string"}},
        "annotations": {"readOnlyHint": True},
    },
    "Resource": {**COMMON, **ANNOTATED, "uri": "note://a", "mimeType": "text/plain", "size": 5},
    "ResourceTemplate": {**COMMON, **ANNOTATED, "uriTemplate": "note://{id}"},
    "Prompt": {
        **COMMON,
        "arguments": [{"name": "b", "title": "B", "description": "It", "required": True}],
    },
}
CONTENTS: dict[str, Content] = {
    "TextContent": Text(text="hello", annotations=HINTS, meta={"x": 1}),
    "ImageContent": Image(data=b"\x00", mime_type="image/png", annotations=HINTS, meta={"x": 1}),
    "AudioContent": Audio(data=b"\x00", mime_type="audio/wav", annotations=HINTS, meta={"x": 1}),
    "ResourceLink": ResourceLink(
        uri="note://a", name="a", title="A", icons=ICONS, annotations=HINTS, meta={"x": 1}
    ),
    "EmbeddedResource": EmbeddedResource(
        resource=TextResource(uri="note://a", text="hello", meta={"x": 1}),
        annotations=HINTS,
        meta={"x": 1},
    ),
}


def known(revision: Revision, name: str, wire: dict[str, Any]) -> None:
    """Assert that a value is what the schema defines, and says nothing that it does not."""
    check(revision.name, name, wire)
    definitions = definitions_of(revision.name)
    definition = definitions[name]["properties"]
    assert wire.keys() <= definition.keys()
    if "annotations" in wire and name != "Tool":
        inner = definition["annotations"]
        inner = definitions[inner["$ref"].rpartition("/")[2]] if "$ref" in inner else inner
        assert wire["annotations"].keys() <= inner["properties"].keys()


@every
@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_says_nothing_that_the_revision_does_not_know(
    name: str, revision: Revision
) -> None:
    shaped = shaping.definition(DEFINITIONS[name], revision)
    known(revision, name, shaped)
    for argument in shaped.get("arguments", ()):
        known(revision, "PromptArgument", argument)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_newest_revision_gets_a_definition_whole(name: str) -> None:
    shaped = shaping.definition(DEFINITIONS[name], REVISIONS["2026-07-28"])
    assert shaped == DEFINITIONS[name]
    assert shaped is not DEFINITIONS[name]


@every
@pytest.mark.parametrize("name", DEFINITIONS)
def test_shaping_leaves_the_original_as_it_is(name: str, revision: Revision) -> None:
    before = repr(DEFINITIONS[name])
    shaping.definition(DEFINITIONS[name], revision)
    assert repr(DEFINITIONS[name]) == before


@every
def test_a_definition_without_anything_newer_stays_as_it_is(revision: Revision) -> None:
    plain = {"name": "a", "inputSchema": OBJECT}
    assert shaping.definition(plain, revision) == plain


@every
def test_an_object_is_shown_as_it_is_wherever_output_schemas_are(revision: Revision) -> None:
    shaped = shaping.definition(
        {"name": "a", "inputSchema": OBJECT, "outputSchema": OBJECT}, revision
    )
    expected = OBJECT if revision.has_structured_content else None
    assert shaped.get("outputSchema") == expected


def test_a_schema_that_is_no_object_is_wrapped_with_its_definitions_at_the_root() -> None:
    item = {"$ref": "#/$defs/Item"}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"Item": {"type": "string"}},
        "type": "array",
        "items": item,
    }
    assert shaping.wrapped_schema(schema) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"Item": {"type": "string"}},
        "type": "object",
        "properties": {"result": {"type": "array", "items": item}},
        "required": ["result"],
    }
    assert "$defs" in schema


@every
def test_structured_content_fits_the_schema_that_is_shown(revision: Revision) -> None:
    bare = revision.has_any_structured_content
    assert shaping.structured([1], revision, is_wrapped=True) == ([1] if bare else {"result": [1]})
    assert shaping.structured({"a": 1}, revision, is_wrapped=False) == {"a": 1}


@every
def test_a_server_says_of_itself_what_the_revision_knows(revision: Revision) -> None:
    info = {
        "name": "a",
        "version": "1",
        "title": "A",
        "description": "It",
        "websiteUrl": "https://x.example/",
        "icons": COMMON["icons"],
    }
    known(revision, "Implementation", shaping.implementation(info, revision))
    assert set(info) == {"name", "version", "title", "description", "websiteUrl", "icons"}


@every
@pytest.mark.parametrize("name", CONTENTS)
def test_content_says_nothing_that_the_revision_does_not_know(
    name: str, revision: Revision
) -> None:
    (wire,) = shaping.contents([CONTENTS[name]], revision)
    is_known = name in definitions_of(revision.name)
    known(revision, name if is_known else "TextContent", wire)
    if name == "EmbeddedResource":
        known(revision, "TextResourceContents", wire["resource"])


@every
def test_plain_text_is_the_same_everywhere(revision: Revision) -> None:
    assert shaping.content(Text(text="hello"), revision) == {"type": "text", "text": "hello"}


def test_a_sound_that_cannot_be_heard_is_described() -> None:
    wire = shaping.content(CONTENTS["AudioContent"], REVISIONS["2024-11-05"])
    assert wire == {"type": "text", "text": "[1 bytes of audio/wav]"}


@pytest.mark.parametrize("revision", before_links, ids=str)
def test_a_link_that_is_not_known_is_written_out(revision: Revision) -> None:
    titled = shaping.content(CONTENTS["ResourceLink"], revision)
    assert titled == {"type": "text", "text": "A: note://a"}
    named = shaping.content(ResourceLink(uri="note://a", name="a"), revision)
    assert named == {"type": "text", "text": "a: note://a"}


@every
def test_what_a_resource_holds_says_nothing_newer(revision: Revision) -> None:
    text, blob = shaping.resource_contents(
        [
            TextResource(uri="note://a", text="hello", mime_type="text/plain", meta={"x": 1}),
            BlobResource(uri="note://b", blob=b"\x00", meta={"x": 1}),
        ],
        revision,
    )
    known(revision, "TextResourceContents", text)
    known(revision, "BlobResourceContents", blob)


@every
def test_the_messages_of_a_prompt_are_shaped_like_content(revision: Revision) -> None:
    items = [Message(content=item, role="assistant") for item in CONTENTS.values()]
    wires = shaping.messages(items, revision)
    for wire, item in zip(wires, CONTENTS.values(), strict=True):
        known(revision, "PromptMessage", wire)
        assert wire == {"role": "assistant", "content": shaping.content(item, revision)}


@every
def test_progress_has_words_where_the_revision_has_them(revision: Revision) -> None:
    params = {"progressToken": 1, "progress": 1, "total": 2, "message": "half"}
    shaped = shaping.progress(params, revision)
    expected = "half" if revision.name != "2024-11-05" else None
    assert shaped.get("message") == expected
    assert shaped["progress"] == 1
