"""``x-mcp-header``: what clients would not accept is refused at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_transport.registry.headers import header_parameters, without_null
from mcp_transport.registry.records import HeaderParameter


def schema_with(**properties: dict[str, Any]) -> dict[str, Any]:
    """A schema for arguments."""
    return {"type": "object", "properties": properties}


def marked(header: Any = "Region", **more: Any) -> dict[str, Any]:
    """A marked string."""
    return {"type": "string", "x-mcp-header": header, **more}


def test_marked_arguments_are_found_wherever_properties_lead() -> None:
    schema = schema_with(
        region=marked(), plain={"type": "number"}, place=schema_with(floor=marked("Floor"))
    )
    assert header_parameters(schema, "tool x") == (
        HeaderParameter(path=("region",), header="Region", type="string"),
        HeaderParameter(path=("place", "floor"), header="Floor", type="string"),
    )


def test_a_property_may_have_the_name_of_the_mark() -> None:
    schema = schema_with(**{"x-mcp-header": {"type": "string"}})
    assert header_parameters(schema, "tool x") == ()


def test_a_mark_inside_data_means_nothing() -> None:
    schema = schema_with(a={"type": "object", "default": {"x-mcp-header": ""}})
    assert header_parameters(schema, "tool x") == ()


@pytest.mark.parametrize("header", ["", "Two Words", "Line\r\nBreak", "Ü", "a:b", 5])
def test_a_header_name_is_a_token(header: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="is no header name"):
        header_parameters(schema_with(region=marked(header)), "tool x")


def test_header_names_are_unique_whatever_their_case() -> None:
    schema = schema_with(a=marked("Region"), b=marked("REGION"))
    with pytest.raises(ImproperlyConfigured, match="another argument has the same header"):
        header_parameters(schema, "tool x")


@pytest.mark.parametrize("kind", ["number", "object", "array", "null", ["string", "null"], None])
def test_only_primitive_arguments_can_be_repeated(kind: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="has to be string, integer or boolean"):
        header_parameters(schema_with(a=marked(type=kind)), "tool x")


@pytest.mark.parametrize(
    "schema",
    [
        marked(type="object"),
        schema_with(a={"type": "array", "items": marked()}),
        schema_with(a={"anyOf": [marked()]}),
        {"type": "object", "allOf": [schema_with(a=marked())]},
        {"type": "object", "if": schema_with(a=marked())},
        {"type": "object", "not": schema_with(a=marked())},
        {"type": "object", "$defs": {"A": schema_with(a=marked())}},
        {"type": "object", "patternProperties": {"^a": marked()}},
        {"type": "object", "properties": [marked()]},
    ],
)
def test_a_mark_that_properties_do_not_lead_to_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match="only arguments and properties inside them"):
        header_parameters(schema, "tool x")


@pytest.mark.parametrize(
    "bound", [{"maximum": 2**53}, {"minimum": -(2**53)}, {"enum": [2**60]}, {"default": 2**54}]
)
def test_whole_numbers_stay_within_what_every_language_holds(bound: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match="have to stay within"):
        header_parameters(schema_with(a=marked(type="integer", **bound)), "tool x")
    header_parameters(schema_with(a=marked(type="integer", maximum=2**53 - 1)), "tool x")


@pytest.mark.parametrize("name", ["password", "API_key", "session_token"])
def test_a_secret_is_not_repeated_in_a_header(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="is secret by MCP_REDACTED_ARGUMENTS"):
        header_parameters(schema_with(**{name: marked()}), "tool x")


def test_what_a_schema_marks_as_secret_is_not_repeated_in_a_header() -> None:
    with pytest.raises(ImproperlyConfigured, match="or its schema, and headers are seen"):
        header_parameters(schema_with(pin=marked(format="password")), "tool x")


def test_a_marked_argument_that_may_be_none_is_shown_as_its_type() -> None:
    schema = marked(anyOf=[{"type": "integer", "minimum": 1}, {"type": "null"}], default=None)
    del schema["type"]
    assert without_null(schema) == {"type": "integer", "minimum": 1, "x-mcp-header": "Region"}


def test_other_schemas_keep_what_they_say() -> None:
    nullable = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}
    either = marked(anyOf=[{"type": "integer"}, {"type": "string"}])
    assert without_null(nullable) == nullable
    assert without_null(either) == either
