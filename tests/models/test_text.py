"""Tests of mcp_transport.models.text."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from mcp_transport.models import TextEntry
from mcp_transport.models.text import filled, variables_of

pytestmark = pytest.mark.django_db

GREETING: dict[str, Any] = {
    "name": "greeting",
    "text": "Write to {customer}.",
    "arguments": [{"name": "customer", "required": True}],
}


def saved(**fields: Any) -> TextEntry:
    """A text that is fit to be saved, saved."""
    entry = TextEntry(**{**GREETING, **fields})
    entry.full_clean()
    entry.save()
    return entry


def test_each_save_that_changes_something_adds_a_version() -> None:
    entry = saved()
    entry.save(author="ada")
    entry.text = "Dear {customer}!"
    entry.save(author="bob")
    versions = [(v.number, v.author, v.content["text"]) for v in entry.versions.all()]
    assert versions == [(2, "bob", "Dear {customer}!"), (1, "", "Write to {customer}.")]
    assert entry.version == 2


def test_a_version_is_restored_as_a_new_one() -> None:
    entry = saved()
    entry.text = "Nothing."
    entry.save()
    entry.restore(entry.versions.get(number=1), author="ada")
    entry.refresh_from_db()
    assert (entry.version, entry.text) == (3, GREETING["text"])


def test_a_version_that_would_not_be_taken_today_is_not_restored() -> None:
    entry = saved()
    entry.name = "other"
    entry.save()
    saved()
    with pytest.raises(ValidationError):
        entry.restore(entry.versions.get(number=1))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "a b"}, "name"),
        ({"name": ""}, "name"),
        ({"text": "Hi {stranger}"}, "text"),
        ({"text": ""}, "text"),
        ({"arguments": [{"name": "a b"}]}, "arguments"),
        ({"arguments": [{"name": "customer"}, {"name": "customer"}]}, "arguments"),
        ({"arguments": ["customer"]}, "arguments"),
        ({"arguments": "customer"}, "arguments"),
        ({"arguments": [{"name": "customer", "required": "no"}]}, "arguments"),
        ({"arguments": [{"name": "customer", "title": {"en": "Whom"}}]}, "arguments"),
        ({"arguments": [{"name": "customer", "description": None}]}, "arguments"),
        ({"permission": "nothing"}, "permission"),
        ({"uri": "text://a"}, "uri"),
        ({"kind": "resource", "uri": "text://a"}, "arguments"),
        ({"kind": "resource", "arguments": []}, "uri"),
        ({"kind": "resource", "arguments": [], "uri": "handbook"}, "uri"),
        ({"kind": "resource", "arguments": [], "uri": "text://{a}"}, "uri"),
    ],
)
def test_what_does_not_fit_is_named_by_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        saved(**fields)
    assert field in refusal.value.message_dict


def test_a_resource_is_known_by_its_uri_and_a_prompt_by_its_name() -> None:
    assert saved().key == "greeting"
    resource = saved(kind="resource", name="a", uri="text://a", arguments=[], text="{x} as it is")
    assert (resource.key, str(resource)) == ("text://a", "a")


def test_two_texts_of_a_kind_have_different_names() -> None:
    saved()
    with pytest.raises(ValidationError, match="has the name"):
        saved()


def test_what_an_argument_holds_is_no_variable() -> None:
    names = frozenset({"a", "b"})
    text = '{a} {{a}} {b} {c} {a.__class__} {"x": {"y": 1}}'
    assert filled(text, {"a": "{b}"}, names) == ('{b} {a}  {c} {a.__class__} {"x": {"y": 1}}')
    assert variables_of(text) == ["a", "b", "c"]
