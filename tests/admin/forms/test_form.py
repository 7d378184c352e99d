"""Tests of mcp_transport.admin.forms: what is typed, what is wrong, what is shown."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.admin.forms.containers import AlternativesField, ArrayField, ObjectField
from mcp_transport.admin.forms.fields import Field, JsonField, TextField
from mcp_transport.admin.forms.form import Form, Problem
from mcp_transport.admin.forms.words import limits

TEXT = {"type": "string"}


def is_secret(name: str) -> bool:
    return name.endswith("password")


def form(properties: dict[str, Any], sent: dict[str, str] | None = None, **more: Any) -> Form:
    schema = {"type": "object", "properties": properties, **more}
    return Form(schema, sent or {}, is_secret=is_secret)


def field(whole: Form, pointer: str) -> Field:
    return next(item for item in whole.root.walk() if item.place.pointer == pointer)


def told(whole: Form) -> list[tuple[str, str]]:
    whole.read()
    return [(problem.label, problem.text) for problem in whole.problems()]


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ({"/a": ""}, {}),
        ({"/a": "", "as:/a": "empty"}, {"a": ""}),
        ({"/a": "", "as:/a": "null"}, {"a": None}),
        ({"/a": "x", "as:/a": "null"}, {"a": "x"}),
        ({"/a": "one\r\ntwo"}, {"a": "one\ntwo"}),
    ],
)
def test_leaving_out_differs_from_an_empty_text_and_from_null(sent: Any, value: Any) -> None:
    assert form({"a": {"type": ["string", "null"]}}, sent).read() == value


@pytest.mark.parametrize("typed", ["abc", "1,5", "0x1", "NaN", "1e999", "01", "--1", "٣"])
def test_what_is_no_number_is_told(typed: str) -> None:
    assert told(form({"n": {"type": "number"}}, {"/n": typed})) == [
        ("n", "Enter a number, such as 12 or 0.5.")
    ]


def test_a_whole_number_is_asked_for() -> None:
    assert told(form({"n": {"type": "integer"}}, {"/n": "1.5"})) == [("n", "Enter a whole number.")]


def test_what_is_required_is_asked_for() -> None:
    whole = form({"a": TEXT, "b": {"enum": [1]}, "c": {}}, required=["a", "c"])
    assert told(whole) == [("a", "Enter a."), ("c", "Enter c as JSON.")]


def test_what_an_optional_object_requires_is_asked_for_once_something_is_in_it() -> None:
    address = {"type": "object", "properties": {"street": TEXT, "city": TEXT}}
    address["required"] = ["street"]
    assert told(form({"address": address}, {"/address/city": ""})) == []
    assert told(form({"address": address}, {"/address/city": "Bern"})) == [
        ("street", "Enter street.")
    ]


def test_a_constant_alone_makes_no_optional_object() -> None:
    marked = {"type": "object", "properties": {"kind": {"const": "x"}}, "required": ["kind"]}
    assert form({"o": marked}, {}).read() == {}
    assert form({"o": marked}, {"as:/o": "empty"}).read() == {"o": {"kind": "x"}}


def test_only_the_chosen_alternative_counts() -> None:
    ways = {"oneOf": [{"type": "integer"}, {"type": "object", "properties": {"a": TEXT}}]}
    sent = {"choice:/x": "1", "/x/~|0": "no number", "/x/~|1/a": "b"}
    whole = form({"x": ways}, sent)
    assert whole.read() == {"x": {"a": "b"}}
    assert whole.problems() == []


def test_an_item_is_added_and_one_is_removed() -> None:
    lines = {"type": "array", "items": {"type": "object", "properties": {"n": TEXT}}}
    sent = {"size:/l": "2", "/l/0/n": "first", "/l/1/n": "second", "as:/l/1/n": ""}
    whole = form({"l": lines}, sent).changed("add:/l")
    assert [item.place.name for item in whole.root.walk() if isinstance(item, TextField)] == [
        "/l/0/n",
        "/l/1/n",
        "/l/2/n",
    ]
    assert whole.changed("remove:/l/0").read() == {"l": [{"n": "second"}, {}]}


def test_the_items_that_there_have_to_be_are_shown_at_first() -> None:
    lines = {"type": "array", "items": TEXT, "minItems": 2}
    shown = field(form({"l": lines}, required=["l"]), "/l")
    assert isinstance(shown, ArrayField)
    assert len(shown.items) == 2


def test_no_more_items_than_there_may_be_are_offered() -> None:
    lines = {"type": "array", "items": TEXT, "maxItems": 1}
    shown = field(form({"l": lines}, {"size:/l": "1"}), "/l")
    assert isinstance(shown, ArrayField)
    assert not shown.takes_more


def test_a_property_that_the_schema_does_not_name_has_a_row() -> None:
    labels = {"type": "object", "additionalProperties": {"type": "integer"}}
    sent = {"size:/l": "2", "key:/l/~+0": "a/b", "/l/~+0": "1", "key:/l/~+1": "", "/l/~+1": ""}
    whole = form({"l": labels}, sent)
    assert whole.read() == {"l": {"a/b": 1}}
    assert whole.changed("remove:/l/~+0").read() == {}


@pytest.mark.parametrize(
    ("keys", "text"),
    [(("", "b"), "Enter the property's name."), (("a", "a"), "There is a field for 'a' already.")],
)
def test_a_row_has_a_name_of_its_own(keys: tuple[str, str], text: str) -> None:
    sent = {"size:/l": "2", "/l/~+0": "1", "/l/~+1": "2"}
    sent |= {f"key:/l/~+{index}": key for index, key in enumerate(keys)}
    labels = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert [problem for _label, problem in told(form({"l": labels}, sent))] == [text]


def test_json_that_is_none_is_told_with_its_place() -> None:
    ((_label, text),) = told(form({"x": {}}, {"json:/x": "{'a': 1}"}))
    assert text.startswith("This is no JSON:")
    assert "line 1, column 2" in text


def test_the_whole_schema_judges_and_blames_the_field() -> None:
    lines = {"type": "array", "items": {"type": "string", "maxLength": 2}}
    whole = form({"l": lines}, {"size:/l": "1", "/l/0": "long"})
    whole.check(whole.read())
    ((label, text),) = [(item.label, item.text) for item in whole.problems()]
    assert label == "l 1"
    assert "longer than 2" in text


def test_a_rule_about_several_fields_blames_what_holds_them() -> None:
    whole = form({"a": TEXT, "b": TEXT}, anyOf=[{"required": ["a"]}, {"required": ["b"]}])
    whole.check(whole.read())
    assert [problem.id for problem in whole.problems()] == [whole.root.place.id]


def test_a_secret_is_never_shown_again() -> None:
    note = {"type": "string", "writeOnly": True}
    whole = form({"password": TEXT, "note": note}, {"/password": "xyz", "/note": "abc"})
    assert whole.read() == {"password": "xyz", "note": "abc"}
    shown = [item for item in whole.root.walk() if isinstance(item, TextField)]
    assert [(item.shown, item.input_type) for item in shown] == [("", "password")] * 2


def test_json_is_shown_without_what_is_secret_in_it() -> None:
    box = field(form({"x": {}}, {"json:/x": '{"password": "xyz", "a": 1}'}), "/x")
    assert isinstance(box, JsonField)
    assert "xyz" not in box.shown
    assert '"a": 1' in box.shown


def test_a_redacted_value_has_to_be_typed_again() -> None:
    kept = {"password": "[redacted]", "a": [{"b": "[redacted]", "c": 1}]}
    schema = {"type": "object", "properties": {"password": TEXT, "a": {}}, "required": ["password"]}
    whole = Form.of(schema, kept, is_secret=is_secret)
    assert whole.forgotten == ["/password", "/a/0/b"]
    assert told(whole) == [("password", "Enter password.")]


def test_a_mask_is_no_value() -> None:
    whole = form({"x": {}}, {"json:/x": '{"password": "[redacted]"}'})
    assert told(whole) == [("x", "Replace [redacted]: the secret is not kept.")]


def test_circles_end_where_nothing_is_in_them() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}}}
    whole = form({"n": {"$ref": "#/$defs/N"}}, None, **{"$defs": {"N": node}})
    assert len(list(whole.root.walk())) < 6


def test_a_huge_schema_makes_a_bounded_form() -> None:
    wide = {f"p{n}": {"type": "object", "properties": {"a": TEXT, "b": TEXT}} for n in range(500)}
    boxes = [item for item in form(wide).root.walk() if isinstance(item, JsonField)]
    assert len(boxes) > 300


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"minimum": 1, "maximum": 5}, ["from 1 to 5"]),
        ({"minLength": 2, "maxLength": 2}, ["2 characters"]),
        ({"format": "date", "default": ""}, ["a date, such as 2026-01-31", 'if left out: ""']),
        ({"uniqueItems": True, "minItems": 1}, ["at least 1 items", "no item twice"]),
        ({"multipleOf": 5, "exclusiveMinimum": 0}, ["more than 0", "a multiple of 5"]),
    ],
)
def test_limits_are_told_in_words(schema: dict[str, Any], said: list[str]) -> None:
    assert limits(schema) == said


@pytest.mark.parametrize(
    ("schema", "typed", "kind"),
    [
        ({"format": "date"}, "2026-01-31", "date"),
        ({"format": "date"}, "tomorrow", "text"),
        ({"format": "email"}, "a@b", "email"),
        ({"format": "email"}, " a@b ", "text"),
        ({}, "x", ""),
        ({"maxLength": 10}, "x", "text"),
        ({"maxLength": 10}, "x\ny", ""),
    ],
)
def test_an_input_is_of_a_kind_that_holds_its_text(schema: Any, typed: str, kind: str) -> None:
    shown = field(form({"a": {**TEXT, **schema}}, {"/a": typed}), "/a")
    assert isinstance(shown, TextField)
    assert shown.input_type == kind


def test_alternatives_are_called_by_what_tells_them_apart() -> None:
    ways = [
        {"title": "By card", "type": "object"},
        {"type": "object", "properties": {"kind": {"const": "cash"}}},
        {"type": "object", "properties": {"a": TEXT, "b": TEXT}},
        {"type": "integer"},
        {"$ref": "#/$defs/Later"},
    ]
    whole = form({"pay": {"oneOf": ways}}, None, **{"$defs": {"Later": {"type": "object"}}})
    shown = field(whole, "/pay")
    assert isinstance(shown, AlternativesField)
    labels = [each.label for each in shown.alternatives]
    assert labels == ["By card", "cash", "a, b", "Whole number", "Later"]


def test_an_object_without_named_properties_takes_rows() -> None:
    shown = form({"o": {"type": "object"}})
    inner = field(shown, "/o")
    assert isinstance(inner, ObjectField)
    assert inner.takes_rows
    assert isinstance(shown.root, ObjectField)
    assert not shown.root.takes_rows


def test_problems_name_their_fields() -> None:
    whole = form({"a": {**TEXT, "title": "The A"}}, required=["a"])
    whole.read()
    assert whole.problems() == [
        Problem(id=field(whole, "/a").place.id, label="The A", text="Enter The A.")
    ]
