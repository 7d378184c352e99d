"""Tests of answers to what a tool asks."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError

from mcp_transport.management.subcommands.answering import Respondent, label


def form(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """A question with a form."""
    schema = {"type": "object", "properties": properties, "required": list(required)}
    params = {"message": "Please.", "requestedSchema": schema}
    return {"method": "elicitation/create", "params": params}


LINK = {
    "method": "elicitation/create",
    "params": {"mode": "url", "message": "Log in:", "url": "https://shop.example/login"},
}


class Person:
    """Somebody who types lines and reads others."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.read: list[str] = []

    def prompt(self, text: str) -> str:
        """Type the next line."""
        self.read.append(text)
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)


def answer(question: dict[str, Any], *lines: str, **given: Any) -> Any:
    """What somebody at a terminal answers."""
    person = Person(*lines)
    return Respondent(given, person.prompt, person.read.append).answer(question)


def answer_beforehand(question: dict[str, Any], **given: Any) -> Any:
    """What is answered without a terminal."""
    return Respondent(given, None, lambda line: None).answer(question)


FIELDS: list[tuple[dict[str, Any], str, Any]] = [
    ({"type": "string"}, "Ada", "Ada"),
    ({"type": "integer"}, "3", 3),
    ({"type": "number"}, "2.5", 2.5),
    ({"type": "boolean"}, "Yes", True),
    ({"type": "boolean"}, "n", False),
    ({"type": "string", "enum": ["red", "blue"]}, "red", "red"),
    ({"type": "string", "oneOf": [{"const": "r", "title": "Red"}]}, "r", "r"),
    ({"type": "array", "items": {"enum": ["a", "b", "c"]}}, "a, c", ["a", "c"]),
    ({"type": "array", "items": {"anyOf": [{"const": "a", "title": "A"}]}}, "a", ["a"]),
]


@pytest.mark.parametrize(("field", "typed", "value"), FIELDS)
def test_what_is_typed_becomes_what_the_field_wants(
    field: dict[str, Any], typed: str, value: Any
) -> None:
    question = form({"x": field}, "x")
    expected = {"action": "accept", "content": {"x": value}}
    assert answer(question, typed) == expected
    assert answer_beforehand(question, x=typed) == expected
    assert answer_beforehand(question, x=value) == expected


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ({"type": "string"}, "", "Say something."),
        ({"type": "integer"}, "many", "Say a whole number."),
        ({"type": "number"}, "many", "Say a number."),
        ({"type": "integer", "minimum": 1, "maximum": 5}, "6", "of at least 1 and at most 5."),
        ({"type": "number", "maximum": 5}, "6", "Say a number of at most 5."),
        ({"type": "boolean"}, "perhaps", "Say yes or no."),
        ({"type": "string", "enum": ["red", "blue"]}, "green", "Say one of red, blue."),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "a,d", "Say one of a, b."),
    ],
)
def test_what_is_no_answer_is_asked_again_or_refused(
    field: dict[str, Any], typed: str, says: str
) -> None:
    person = Person(typed)
    respondent = Respondent({}, person.prompt, person.read.append)
    assert respondent.answer(form({"x": field}, "x")) == {"action": "cancel"}
    assert says in person.read[2]
    with pytest.raises(CommandError, match="--answer x: Say"):
        answer_beforehand(form({"x": field}, "x"), x=typed)


def test_nothing_typed_takes_the_default_or_leaves_the_field_out() -> None:
    question = form({"a": {"type": "string", "default": "x"}, "b": {"type": "string"}}, "a")
    expected = {"action": "accept", "content": {"a": "x"}}
    assert answer(question, "", "") == expected
    assert answer_beforehand(question) == expected


def test_a_text_may_be_empty_where_it_says_so() -> None:
    question = form({"a": {"type": "string", "minLength": 0}}, "a")
    assert answer(question, "")["content"] == {"a": ""}


def test_what_was_given_beforehand_is_not_asked() -> None:
    question = form({"a": {"type": "string"}, "b": {"type": "string"}}, "a", "b")
    assert answer(question, "typed", a="given")["content"] == {"a": "given", "b": "typed"}


@pytest.mark.parametrize(("typed", "action"), [("", "accept"), ("y", "accept"), ("no", "decline")])
def test_a_page_is_visited_or_not(typed: str, action: str) -> None:
    assert answer(LINK, typed) == {"action": action}


def test_a_page_needs_somebody_to_visit_it() -> None:
    with pytest.raises(CommandError, match="https://shop.example/login; run the command"):
        answer_beforehand(LINK, name="x")


def test_what_only_a_client_can_do_is_refused() -> None:
    with pytest.raises(CommandError, match="sampling/createMessage, which only a client"):
        answer_beforehand({"method": "sampling/createMessage"})


def test_a_round_without_a_state_carries_none() -> None:
    respondent = Respondent({}, None, lambda line: None)
    assert respondent.reply({"requestState": "s"}) == {"inputResponses": {}, "requestState": "s"}
    assert respondent.reply({}) == {"inputResponses": {}}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"type": "string"}, "  x (text)"),
        ({"type": "string", "format": "email", "title": "Mail"}, "  Mail (email)"),
        ({"type": "integer", "description": "How many."}, "  x (integer; How many.)"),
        ({"type": "boolean", "default": True}, "  x (yes or no) [yes]"),
        ({"type": "string", "enum": ["a", "b"]}, "  x (one of a, b)"),
        (
            {"type": "string", "enum": ["a"], "enumNames": ["Apple"], "default": "a"},
            "  x (one of a: Apple) [a]",
        ),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "  x (several of a, b)"),
        ({"type": "string", "title": "a\x1b[2J"}, "  a?[2J (text)"),
    ],
)
def test_a_prompt_says_what_may_be_typed(field: dict[str, Any], text: str) -> None:
    assert label("x", field) == text
