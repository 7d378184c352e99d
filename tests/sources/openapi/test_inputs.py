"""Tests of mcp_transport.sources.openapi.inputs."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.registry.secrecy import secret_properties
from mcp_transport.sources.openapi.inputs import preferred
from tests.sources.openapi.documents import built, operation, petstore


def parameter(name: str, location: str = "query", **more: Any) -> dict[str, Any]:
    """A parameter of type string."""
    return {"name": name, "in": location, "schema": {"type": "string"}, **more}


def one(path: str = "/a", **part: Any) -> Any:
    """The tool of a document with one operation, or what is said of why it has none."""
    found = built({path: {"post": part}})
    return found.operations[0] if found.operations else found.left_out[0].reason


def test_parameters_of_one_name_are_told_apart() -> None:
    replace = operation(petstore(), "pets_replacePet")
    assert set(replace.input_schema["properties"]) == {"id", "id_query", "body"}
    assert replace.input_schema["required"] == ["id"]
    assert [(p.argument, p.location) for p in replace.parameters] == [
        ("id", "path"),
        ("id_query", "query"),
    ]
    shared = one(parameters=[parameter("body")], requestBody={"content": {"application/json": {}}})
    assert set(shared.input_schema["properties"]) == {"body", "body_body"}


def test_what_an_operation_says_of_a_parameter_replaces_what_its_path_says() -> None:
    photo = operation(petstore(), "pets_addPhoto")
    assert photo.input_schema["properties"]["id"] == {"type": "string"}
    assert operation(petstore(), "pets_getPet").input_schema["properties"]["id"] == {
        "type": "integer",
        "description": "Its number.",
    }


def test_nobody_gives_a_header_that_says_who_asks_or_how() -> None:
    order = operation(petstore(), "pets_order")
    assert set(order.input_schema["properties"]) == {"X-Request-Id", "basket", "body"}
    names = ["Host", "Content-Type", "cookie", "Transfer-Encoding", "Forwarded"]
    tool = one(parameters=[parameter(name, "header") for name in names])
    assert tool.input_schema["properties"] == {}


def test_what_the_setting_sends_is_no_argument() -> None:
    path = {"get": {"parameters": [parameter("key"), parameter("X-Key", "header"), parameter("a")]}}
    changes = {"auth": {"query": {"key": "s"}}, "headers": {"x-key": "s", "Cookie": "a=b"}}
    (tool,) = built({"/a": path}, changes=changes).operations
    assert set(tool.input_schema["properties"]) == {"a"}


def test_what_is_secret_in_the_document_is_so_in_the_record() -> None:
    assert set(secret_properties(operation(petstore(), "pets_order").input_schema)) == {"card"}
    assert set(secret_properties(operation(petstore(), "pets_addPet").input_schema)) == {"chip"}


def test_bytes_are_given_in_base64() -> None:
    photo = operation(petstore(), "pets_addPhoto")
    assert photo.body is not None
    assert photo.body.files == {"photo"}
    raw = one(requestBody={"content": {"application/pdf": {"schema": {"type": "object"}}}})
    assert raw.input_schema["properties"]["body"]["contentEncoding"] == "base64"
    text = one(requestBody={"content": {"text/csv": {}}})
    assert text.input_schema["properties"]["body"]["description"] == "Text, as text/csv."


def test_a_body_goes_as_json_where_it_can() -> None:
    assert preferred({"text/xml": 1, "multipart/form-data": 1, "application/json": 1}) == (
        "application/json"
    )
    assert preferred({"application/hal+json": 1, "application/x-www-form-urlencoded": 1}) == (
        "application/hal+json"
    )


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ([{"in": "query"}], "without a name"),
        ([parameter("a", "body")], "in an unknown place"),
        ([parameter("X: y\r\nZ", "header")], "is the name of no header"),
        ([parameter("a", style="curly")], "unknown style 'curly'"),
        ([parameter("a", "path", style="form", required=True)], "unknown style 'form'"),
        ([{"name": "a", "in": "query", "content": {"text/xml": {}}}], "is sent as 'text/xml'"),
        ([{"$ref": "https://evil.example/p"}], "outside of the document"),
        ([{"name": "a", "in": "query", "schema": {"$ref": "#/nowhere"}}], "is not there"),
    ],
)
def test_a_parameter_that_cannot_be_sent_leaves_its_operation_out(
    parameters: list[Any], says: str
) -> None:
    assert says in one("/a/{a}", parameters=parameters)


def test_a_media_type_that_would_end_a_header_leaves_its_operation_out() -> None:
    said = one(requestBody={"content": {"text/plain\r\nX-Forged: y": {}}})
    assert "unknown media type" in said


def test_each_variable_of_a_path_has_a_parameter() -> None:
    assert "its path has 'b'" in one("/a/{b}")
    assert one(parameters=[parameter("z", "path")]).input_schema["properties"] == {}
