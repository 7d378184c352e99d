"""What resources and prompts may return."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from mcp_transport.protocol.content import BlobResource, Image, Message, Text, TextResource
from mcp_transport.registry.contents import convert_prompt, resource_converter
from mcp_transport.registry.errors import OutputError

URI = "a://x"
PICTURE = Image(data=b"png", mime_type="image/png")


class Order(BaseModel):
    """An order."""

    number: int


@pytest.mark.parametrize(
    ("value", "contents"),
    [
        ("text", TextResource(uri=URI, text="text", mime_type="text/x")),
        (b"bytes", BlobResource(uri=URI, blob=b"bytes", mime_type="text/x")),
        (memoryview(b"bytes"), BlobResource(uri=URI, blob=b"bytes", mime_type="text/x")),
        ({"a": 1}, TextResource(uri=URI, text='{"a":1}', mime_type="text/x")),
        ([], TextResource(uri=URI, text="[]", mime_type="text/x")),
        (Order(number=1), TextResource(uri=URI, text='{"number":1}', mime_type="text/x")),
        (TextResource(uri="b://", text="own"), TextResource(uri="b://", text="own")),
    ],
)
def test_a_value_becomes_one_resource(value: Any, contents: Any) -> None:
    assert resource_converter("text/x")(value, URI) == (contents,)


def test_data_is_json_unless_the_resource_says_otherwise() -> None:
    assert resource_converter(None)([1], URI)[0].mime_type == "application/json"
    assert resource_converter(None)("text", URI)[0].mime_type is None


def test_a_list_of_records_is_several_resources() -> None:
    records = [TextResource(uri="b://1", text="1"), BlobResource(uri="b://2", blob=b"2")]
    assert resource_converter(None)(records, URI) == tuple(records)


def test_a_list_of_records_holds_nothing_else() -> None:
    with pytest.raises(OutputError, match="an int stands in a list of resource contents"):
        resource_converter(None)([TextResource(uri="b://1", text="1"), 2], URI)


def test_a_missing_resource_is_not_an_empty_one() -> None:
    with pytest.raises(OutputError, match="'a://x' returned nothing"):
        resource_converter(None)(None, URI)


def test_text_and_content_are_messages_of_the_user() -> None:
    assert convert_prompt("Hello") == (Message(content=Text(text="Hello")),)
    assert convert_prompt(PICTURE) == (Message(content=PICTURE),)


def test_a_list_of_messages_keeps_its_roles() -> None:
    answer = Message(content=Text(text="Yes?"), role="assistant")
    assert convert_prompt(["Hello", answer, PICTURE]) == (
        Message(content=Text(text="Hello"), role="user"),
        answer,
        Message(content=PICTURE, role="user"),
    )


@pytest.mark.parametrize("value", [None, 5, {"role": "user"}])
def test_a_prompt_returns_messages(value: Any) -> None:
    with pytest.raises(OutputError, match="A prompt returns text, a Message or a list"):
        convert_prompt(value)


def test_a_list_of_messages_holds_nothing_else() -> None:
    with pytest.raises(OutputError, match="stands between content and is none"):
        convert_prompt(["Hello", 5])
