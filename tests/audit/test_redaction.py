"""What of a call's arguments is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcp_transport.audit.redaction import MASK, MAX_BYTES, Redactor
from tests.registry.secret_arguments import NAMES, Account


def kept(arguments: dict[str, Any], schema: dict[str, Any] | None = None) -> Any:
    return json.loads(Redactor(NAMES, schema or {})(arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"text": "hello"},
        {"n": 1, "x": 2.5, "flag": True, "nothing": None},
        {"nested": {"list": [1, {"a": "é"}]}},
        {"max_tokens": 100},
    ],
)
def test_what_is_not_secret_is_kept_as_it_is(arguments: dict[str, Any]) -> None:
    assert kept(arguments) == arguments
    schema: dict[str, Any] = {"properties": {name: {} for name in arguments}}
    assert kept(arguments, schema) == arguments


@pytest.mark.parametrize(
    "name", ["password", "PASSWORD", "db_password", "accessToken", "API-Key", "apiKey", "api_key"]
)
@pytest.mark.parametrize("value", ["s3cret", 1, None, ["s3cret"], {"inner": "s3cret"}])
def test_a_secret_name_hides_its_value_at_any_depth(name: str, value: Any) -> None:
    schema = {"properties": {name: {"type": "string"}}}
    assert kept({name: value, "a": 1}, schema) == {name: MASK, "a": 1}
    assert kept({"a": [{"b": {name: value}}]}, schema) == {"a": [{"b": {name: MASK}}]}


def test_a_marked_property_is_hidden() -> None:
    arguments = {
        "login": {"name": "ada", "pin": "0000"},
        "recovery": ["one"],
        "backup": None,
        "note": "pin",
    }
    assert kept(arguments, Account.model_json_schema()) == {
        "login": {"name": "ada", "pin": MASK},
        "recovery": MASK,
        "backup": MASK,
        "note": "pin",
    }


@pytest.mark.parametrize(
    "mark",
    [
        {"writeOnly": True},
        {"type": "string", "format": "password"},
        {"allOf": [{"writeOnly": True}]},
        {"prefixItems": [{"format": "password"}]},
        {"$ref": "#/$defs/a~1b"},
    ],
)
def test_every_way_to_mark_a_property_counts(mark: dict[str, Any]) -> None:
    schema = {"properties": {"code": mark}, "$defs": {"a/b": {"writeOnly": True}}}
    assert kept({"code": "x"}, schema) == {"code": MASK}


@pytest.mark.parametrize("reference", ["#/$defs/self", "#/nowhere/at/all", "https://a.example/b"])
def test_a_reference_that_leads_nowhere_marks_nothing(reference: str) -> None:
    schema = {
        "properties": {"code": {"$ref": reference}},
        "$defs": {"self": {"$ref": "#/$defs/self"}},
    }
    assert kept({"code": "x"}, schema) == {"code": "x"}


def test_a_property_that_is_called_properties_confuses_nobody() -> None:
    schema = {"properties": {"properties": {"type": "array"}, "format": {"const": "password"}}}
    assert kept({"properties": [1], "format": "password"}, schema) == {
        "properties": [1],
        "format": "password",
    }


def test_large_arguments_leave_their_size() -> None:
    assert kept({"text": "x" * MAX_BYTES}) == {"[not kept]": f"{MAX_BYTES + 11} bytes"}


def test_arguments_just_small_enough_are_kept() -> None:
    arguments = {"text": "x" * (MAX_BYTES - 11)}
    assert kept(arguments) == arguments
