"""Tests of mcp_transport.sources.openapi.answers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mcp_transport.outgoing.exchanging import Answer
from mcp_transport.protocol.content import Audio, BlobResource, EmbeddedResource, Image, Text
from mcp_transport.registry.results import ToolResult
from mcp_transport.sources.openapi.answers import result_of
from tests.sources.openapi.documents import operation, petstore

PLAIN = operation(petstore(), "pets_getPet")
STRICT = operation(petstore(), "pets_findPets")


def answered(
    body: bytes,
    kind: str = "application/json",
    *,
    status: int = 200,
    tool: Any = PLAIN,
    **more: Any,
) -> ToolResult:
    """The result for an answer."""
    answer = Answer(
        status=status, content_type=kind, retry_after=more.pop("retry_after", ""), body=body
    )
    return result_of(tool, answer, **more)


def text(result: ToolResult) -> str:
    """What the model reads."""
    return "\n".join(item.text for item in result.content if isinstance(item, Text))


@pytest.mark.parametrize("body", [b'{"a": [1]}', b"[1, 2]"])
def test_json_is_data_and_text(body: bytes) -> None:
    result = answered(body, "application/hal+json; charset=utf-8")
    assert result.structured == msgspec.json.decode(body)
    assert text(result) == body.decode()


def test_json_that_is_one_value_is_text() -> None:
    assert answered(b'"done"') == ToolResult(content=(Text(text="done"),))
    assert text(answered(b"7")) == "7"


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 200_000])
def test_json_that_is_none_is_text(body: bytes) -> None:
    result = answered(body)
    assert result.structured is msgspec.UNSET
    assert not result.is_error


def test_text_is_read_in_its_character_set() -> None:
    assert text(answered("Grüße".encode("latin-1"), "text/plain; charset=ISO-8859-1")) == "Grüße"
    assert text(answered(b"a\xff", "text/plain; charset=no-such")) == "a\ufffd"
    assert text(answered(b"a", "text/plain; charset=base64")) == "a"


def test_text_is_not_read_in_ways_that_no_page_of_the_web_has() -> None:
    assert text(answered(b"ab-c", "text/plain; charset=punycode")) == "ab-c"


def test_bytes_are_what_clients_can_show() -> None:
    assert answered(b"x", "image/png").content == (Image(data=b"x", mime_type="image/png"),)
    assert answered(b"x", "audio/ogg").content == (Audio(data=b"x", mime_type="audio/ogg"),)
    (content,) = answered(b"x", "no\ttype").content
    assert isinstance(content, EmbeddedResource)
    assert isinstance(content.resource, BlobResource)
    assert content.resource.uri == "openapi://pets/pets_getPet"
    assert content.resource.mime_type == "application/octet-stream"


def test_nothing_is_told_as_such() -> None:
    assert text(answered(b"", "", status=204)) == "204 No Content."


def test_an_error_says_what_the_api_says() -> None:
    result = answered(b'{"error": "no such pet"}', status=404)
    assert result.is_error
    assert text(result) == 'The API answered 404 Not Found.\n{"error": "no such pet"}'
    assert len(text(answered(b"x" * 100_000, "text/plain", status=500))) < 5000
    assert text(answered(b"\x00", "image/png", status=599)) == "The API answered 599."
    assert "wait 7 seconds" in text(answered(b"", status=429, retry_after="7"))
    assert "not followed" in text(answered(b"", status=302))


def test_an_answer_repeats_no_credential() -> None:
    result = answered(b'{"headers": {"authorization": "Bearer s3cret-1"}}', secrets=("s3cret-1",))
    assert result.structured == {"headers": {"authorization": "Bearer [redacted]"}}


def test_an_answer_is_held_to_its_schema() -> None:
    good = answered(b'{"pets": [{"id": 1, "name": "Rex"}]}', tool=STRICT)
    assert not good.is_error
    bad = answered(b'{"pets": 7}', tool=STRICT)
    assert bad.is_error
    assert bad.structured is msgspec.UNSET
    assert "pets: the value is not of type" in text(bad)
    assert '{"pets": 7}' in text(bad)
    assert "it is no JSON object" in text(answered(b"<pets/>", "text/xml", tool=STRICT))
    assert text(answered(b"", status=500, tool=STRICT)).startswith("The API answered 500")
