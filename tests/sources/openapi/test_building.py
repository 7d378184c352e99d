"""Tests of mcp_transport.sources.openapi.building."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_transport.registry.schema import check_schema
from mcp_transport.sources.openapi import building
from mcp_transport.sources.openapi.building import build
from mcp_transport.sources.openapi.reading import DocumentError
from tests.sources.openapi.documents import built, configured, operation, parsed, petstore

OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}


def answering(*codes: str, schema: Any = OBJECT) -> dict[str, Any]:
    """An operation with answers of a schema."""
    content = {"application/json": {"schema": schema}}
    return {"responses": {code: {"description": "", "content": content} for code in codes}}


def test_every_operation_is_a_tool() -> None:
    found = petstore()
    assert [(o.name, o.method, o.path) for o in found.operations] == [
        ("pets_findPets", "GET", "/pets"),
        ("pets_addPet", "POST", "/pets"),
        ("pets_getPet", "GET", "/pets/{id}"),
        ("pets_replacePet", "PUT", "/pets/{id}"),
        ("pets_delete__pets_id", "DELETE", "/pets/{id}"),
        ("pets_addPhoto", "POST", "/pets/{id}/photo"),
        ("pets_order", "POST", "/orders"),
    ]
    assert found.left_out == ()
    for tool in found.operations:
        check_schema(tool.input_schema, tool.name)


def test_a_tool_says_what_the_document_says() -> None:
    find = operation(petstore(), "pets_findPets")
    assert find.title == "Find pets"
    assert find.description == "Find pets\n\nAll that fit, the youngest first."
    assert operation(petstore(), "pets_order").description == "POST /orders"
    (old,) = built({"/a": {"get": {"summary": "a", "deprecated": True}}}).operations
    assert old.description == "a\n\nDeprecated."


@pytest.mark.parametrize(
    ("method", "hints"),
    [
        ("GET", {"readOnlyHint": True}),
        ("POST", {"readOnlyHint": False, "idempotentHint": False}),
        ("PUT", {"readOnlyHint": False, "idempotentHint": True}),
        ("DELETE", {"readOnlyHint": False, "idempotentHint": True, "destructiveHint": True}),
    ],
)
def test_the_method_says_what_a_tool_does(method: str, hints: dict[str, bool]) -> None:
    (tool,) = built({"/a": {method.lower(): {}}}).operations
    assert tool.annotations == {**hints, "openWorldHint": True}


def test_an_answer_has_a_schema_where_there_is_one_kind_of_it() -> None:
    page = operation(petstore(), "pets_findPets").output_schema
    assert page is not None
    assert page["type"] == "object"
    assert set(page["$defs"]["Pet"]["properties"]) == {"id", "name", "colour", "parent"}
    assert operation(petstore(), "pets_getPet").output_schema is None


@pytest.mark.parametrize(
    "operation_",
    [
        answering("200", "201"),
        answering("200", schema={"type": "array"}),
        answering("200", schema={"type": "object", "minProperties": "x"}),
        answering("200", schema={"$ref": "https://evil.example/x"}),
        answering("404"),
        {"responses": {"200": {"content": {"text/xml": {"schema": OBJECT}}}}},
        {"responses": [1]},
    ],
)
def test_an_answer_that_may_be_anything_has_none(operation_: Any) -> None:
    (tool,) = built({"/a": {"get": operation_}}).operations
    assert tool.output_schema is None


def test_the_setting_can_do_without_schemas_of_answers() -> None:
    assert operation(petstore(output_schemas=False), "pets_findPets").output_schema is None


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"include": ("tag:orders",)}, ["pets_order"]),
        ({"include": ("GET *",)}, ["pets_findPets", "pets_getPet"]),
        ({"include": ("*Pet",), "exclude": ("PUT *",)}, ["pets_addPet", "pets_getPet"]),
        (
            {"exclude": ("tag:pets",), "names": {"POST /orders": "buy"}, "permission": "a.b"},
            ["pets_buy"],
        ),
    ],
)
def test_the_setting_chooses_and_names(changes: dict[str, Any], names: list[str]) -> None:
    found = petstore(**changes)
    assert [tool.name for tool in found.operations] == names
    assert {tool.permission for tool in found.operations} == {changes.get("permission")}
    assert found.left_out == ()


def test_what_the_setting_names_in_vain_is_told() -> None:
    (told,) = petstore(exclude=("deletePet",)).left_out
    assert (told.place, told.reason) == (
        "deletePet",
        "the setting names it, and nothing is called that",
    )


def test_an_operation_that_cannot_be_a_tool_is_left_out_with_the_reason() -> None:
    found = built(
        {
            "/a": {"get": {"requestBody": {"$ref": "other.yaml"}}},
            "/b": {"$ref": "https://evil.example/b"},
            "/c": {"get": {"summary": "good"}},
            "/d": {
                "get": {"parameters": [{"name": "x", "in": "query", "schema": {"type": "any"}}]}
            },
        }
    )
    assert [tool.name for tool in found.operations] == ["pets_get__c"]
    assert {item.place for item in found.left_out} == {"GET /a", "/b", "GET /d"}


def test_of_two_operations_of_one_name_both_are_told_apart() -> None:
    same = {"operationId": "a"}
    names = [tool.name for tool in built({"/a": {"get": same}, "/b": {"get": same}}).operations]
    assert len(set(names)) == 2
    assert all(name.startswith("pets_a_") for name in names)
    taken = {"/a": {"get": same}, "/b": {"get": same}, "/c": {"get": {"operationId": names[0][5:]}}}
    found = built(taken)
    assert len(found.operations) == 2
    assert found.left_out[0].reason == f"its name {names[0]!r} is taken by GET /a"


def test_a_server_of_its_own_at_another_origin_leaves_an_operation_out() -> None:
    document = {
        "openapi": "3.1.0",
        "paths": {"/e": {"get": {"servers": [{"url": "https://evil.example"}]}}},
    }
    fetched = configured(document="https://pets.example/openapi.json", base_url=None)
    assert "another origin" in build(document, fetched).left_out[0].reason


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"swagger": "2.0", "paths": {}}, "convert it to OpenAPI 3"),
        ({"paths": {}}, "it is no OpenAPI 3"),
        ({"openapi": "3.0.0", "paths": []}, '"paths" are no object'),
        (
            {"openapi": "3.1.0", "paths": {f"/{i}": {"get": {}} for i in range(1001)}},
            "1001 operations are chosen, 1000 at most",
        ),
    ],
)
def test_a_document_that_cannot_be_used_is_refused(document: Any, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        build(document, configured())


NONSENSE: list[Any] = [
    None, True, 0, 1.5, "", "x", "..", [], {}, [1], [[]], {"a": 1}, 10**30, "\ud800", float("inf"),
    {"$ref": "#/components/schemas/Pet"}, {"$ref": 3}, {"$ref": "#"}, {"$ref": "#/nowhere"},
    {"type": "object", "properties": [1]}, [{"$ref": "#/components/schemas/Page"}],
]  # fmt: skip
KEYWORDS = (
    "schema content properties items allOf required enum type parameters servers tags encoding"
)


def parts_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document: what holds it, and its key there."""
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from parts_of(value[key])


@settings(max_examples=200)
@given(st.data())
def test_a_document_that_is_wrong_somewhere_is_refused_or_used(data: st.DataObject) -> None:
    document = copy.deepcopy(parsed())
    document["openapi"] = data.draw(st.sampled_from(["3.0.3", "3.1.0"]))
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(parts_of(document))
        holder, key = places[data.draw(st.integers(0, len(places) - 1))]
        if isinstance(holder, dict) and data.draw(st.booleans()):
            key = data.draw(st.sampled_from(KEYWORDS.split()))
        holder[key] = copy.deepcopy(data.draw(st.sampled_from(NONSENSE)))
    try:
        found = build(
            document, configured(base_url=data.draw(st.sampled_from([None, "https://a"])))
        )
    except DocumentError:
        return
    for tool in found.operations:
        msgspec.json.encode(tool.input_schema)


def test_building_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "LONGEST_BUILD", -1.0)
    with pytest.raises(DocumentError, match="to read"):
        petstore()
