"""Tests of mcp_transport.admin.forms.encoding: a value goes into a form and comes out of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_transport.admin.forms.fields import JsonField
from mcp_transport.admin.forms.form import Form
from mcp_transport.admin.forms.shapes import same
from tests.admin.forms.corpus import CORPUS

PAIRS = [
    (name, index) for name, (_schema, values) in CORPUS.items() for index in range(len(values))
]


def never(_name: str) -> bool:
    return False


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 40


@pytest.mark.parametrize(("name", "index"), PAIRS)
def test_a_value_comes_out_of_its_form_unchanged(name: str, index: int) -> None:
    schema, values = CORPUS[name]
    form = Form.of(schema, values[index], is_secret=never)
    assert same(form.read(), values[index])


@pytest.mark.parametrize("name", CORPUS)
def test_each_argument_has_a_field(name: str) -> None:
    schema, _values = CORPUS[name]
    form = Form.empty(schema, is_secret=never)
    shown = {field.place.pointer for field in form.root.walk()}
    assert {f"/{key}" for key in schema.get("properties", ()) if key.isalpha()} <= shown


KEYS = st.sampled_from(["a", "b", "a/b", "~", "as:", "ü", "x y"])
TEXTS = st.text(max_size=5)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=3), max_leaves=8
)
SIMPLE = st.sampled_from(
    [{}, True, *({"type": name} for name in ("string", "number", "integer", "boolean", "null"))]
    + [{"enum": [1, "a", None]}, {"const": "a"}, {"type": ["string", "null"]}, {"format": "date"}]
)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas that hold schemas."""
    properties = st.dictionaries(KEYS, inner, max_size=3)
    objects = st.builds(
        lambda p, r, extra: {
            "type": "object", "properties": p, "required": r, "additionalProperties": extra,
        },
        properties, st.lists(KEYS, max_size=2, unique=True), st.booleans() | inner,
    )  # fmt: skip
    arrays = st.builds(lambda item: {"type": "array", "items": item}, inner)
    choices = st.builds(
        lambda key, parts: {key: parts},
        st.sampled_from(["anyOf", "oneOf", "allOf"]), st.lists(inner, min_size=1, max_size=3),
    )  # fmt: skip
    return objects | arrays | choices


SCHEMAS = st.recursive(SIMPLE, containers, max_leaves=6)


@given(SCHEMAS, VALUES)
def test_no_value_is_lost_in_the_form_of_any_schema(schema: Any, value: Any) -> None:
    whole = {"type": "object", "properties": {"x": schema}}
    form = Form.of(whole, {"x": value}, is_secret=never)
    assert same(form.read(), {"x": value})


@given(SCHEMAS, VALUES)
def test_what_a_form_sends_makes_the_same_form(schema: Any, value: Any) -> None:
    whole = {"type": "object", "properties": {"x": schema}}
    sent = Form.of(whole, {"x": value}, is_secret=never).data
    assert same(Form(whole, sent, is_secret=never).read(), {"x": value})


def test_only_the_place_that_no_field_can_hold_becomes_json() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"type": "object", "properties": {"c": {"type": "integer"}, "d": {}}},
        },
    }
    form = Form.of(schema, {"a": "1", "b": {"c": "text", "d": [1]}}, is_secret=never)
    boxes = [field.place.pointer for field in form.root.walk() if isinstance(field, JsonField)]
    assert boxes == ["/b/c", "/b/d"]
