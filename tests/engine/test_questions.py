"""Questions to the client, and what answers them."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from mcp_transport.engine import questions
from mcp_transport.engine.questions import InputRequired
from mcp_transport.registry.context import Question, Root, SamplingOptions

NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


class Order(BaseModel):
    name: Annotated[str, Field(description="Whose.")]
    count: int = 1
    weight: float = 0.5
    is_gift: bool = False
    size: Size = Size.SMALL
    speed: Literal["slow", "fast"] = "slow"


def test_a_form_comes_from_a_model() -> None:
    params = questions.form("Who?", Order).params
    schema = params["requestedSchema"]
    assert params["message"] == "Who?"
    assert schema["type"] == "object"
    assert schema["required"] == ["name"]
    assert schema["properties"]["name"]["description"] == "Whose."
    assert schema["properties"]["size"]["enum"] == ["s", "l"]
    assert schema["properties"]["size"]["default"] == "s"
    assert "$defs" not in schema


def test_a_form_comes_from_a_schema() -> None:
    assert questions.form("Who?", NAME).params["requestedSchema"] == NAME


def test_a_form_may_offer_several_choices() -> None:
    field = {"type": "array", "items": {"enum": ["a", "b"], "type": "string"}}
    made = questions.form_schema({"properties": {"tags": field}})
    assert made["properties"]["tags"] == field
    assert "required" not in made


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (None, "pydantic model"),
        ("text", "pydantic model"),
        (int, "pydantic model"),
        ({"type": "object"}, "with properties"),
        ({"properties": {"a": {"type": "object"}}}, "'a' is neither"),
        ({"properties": {"a": {"type": "array", "items": {"type": "string"}}}}, "'a' is neither"),
        ({"properties": {"a": {}}}, "'a' is neither"),
        ({"properties": {f"f{n}": {"type": "string"} for n in range(101)}}, "at most 100"),
    ],
)
def test_what_no_client_can_show_is_no_form(schema: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        questions.form("Who?", schema)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "not a url", ""])
def test_only_a_web_address_is_a_link(url: str) -> None:
    with pytest.raises(ValueError, match="web address"):
        questions.link("Visit", url)


def test_a_link_needs_a_client_that_opens_pages() -> None:
    asked = questions.link("Visit", "https://example.com/connect")
    assert asked.params["mode"] == "url"
    assert asked.params["url"] == "https://example.com/connect"
    assert asked.capability == {"elicitation": {"url": {}}}


def test_a_text_is_one_message_of_the_user() -> None:
    asked = questions.sampling("Write.", {"max_tokens": 5, "system_prompt": "Short."})
    content = {"type": "text", "text": "Write."}
    assert asked.params == {
        "messages": [{"role": "user", "content": content}],
        "maxTokens": 5,
        "systemPrompt": "Short.",
    }
    assert asked.capability == {"sampling": {}}


def test_options_have_their_names_on_the_wire() -> None:
    options: SamplingOptions = {
        "max_tokens": 5,
        "temperature": 0.5,
        "stop_sequences": ["."],
        "system_prompt": None,
        "tools": [],
    }
    asked = questions.sampling([], options)
    assert asked.params["stopSequences"] == ["."]
    assert "systemPrompt" not in asked.params
    assert asked.capability == {"sampling": {"tools": {}}}


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(TypeError, match="no option heat"):
        questions.sampling("x", {"max_tokens": 5, "heat": 1})  # type: ignore[typeddict-unknown-key]  # as without types


def test_a_model_is_always_told_how_much_it_may_write() -> None:
    with pytest.raises(TypeError, match="needs max_tokens"):
        questions.sampling("x", {})  # type: ignore[typeddict-item]  # as without types


FORM = questions.form("Who?", NAME)
LINK = questions.link("Visit", "https://example.com")
SAMPLING = questions.sampling("x", {"max_tokens": 5})
ROOTS = questions.roots()


@pytest.mark.parametrize(
    ("question", "raw"),
    [
        (FORM, {"action": "accept", "content": {"name": "Ada"}}),
        (FORM, {"action": "decline"}),
        (FORM, {"action": "cancel"}),
        (LINK, {"action": "accept"}),
        (SAMPLING, {"role": "assistant", "model": "m", "content": {"type": "text", "text": ""}}),
        (SAMPLING, {"role": "assistant", "model": "m", "content": []}),
        (ROOTS, {"roots": []}),
        (ROOTS, {"roots": [{"uri": "file:///a", "name": "A"}]}),
    ],
)
def test_what_answers_a_question(question: Question, raw: Any) -> None:
    assert questions.is_answer(question, raw)


@pytest.mark.parametrize(
    ("question", "raw"),
    [
        (FORM, None),
        (FORM, []),
        (FORM, {}),
        (FORM, {"action": "maybe"}),
        (FORM, {"action": "accept"}),
        (FORM, {"action": "accept", "content": {}}),
        (FORM, {"action": "accept", "content": {"name": 7}}),
        (FORM, {"action": "accept", "content": ["name"]}),
        (SAMPLING, {"role": "assistant", "content": {}}),
        (SAMPLING, {"role": 1, "model": "m", "content": {}}),
        (SAMPLING, {"role": "assistant", "model": "m", "content": "text"}),
        (ROOTS, {"roots": {}}),
        (ROOTS, {"roots": ["file:///a"]}),
        (ROOTS, {"roots": [{"uri": 7}]}),
    ],
)
def test_what_answers_no_question(question: Question, raw: Any) -> None:
    assert not questions.is_answer(question, raw)


def test_an_answer_has_content_only_when_it_accepts() -> None:
    accepted = questions.to_answer({"action": "accept", "content": {"name": "Ada"}})
    declined = questions.to_answer({"action": "decline", "content": {"name": "Ada"}})
    visited = questions.to_answer({"action": "accept"})
    assert (accepted.is_accepted, accepted.content) == (True, {"name": "Ada"})
    assert (declined.is_accepted, declined.content) == (False, {})
    assert (visited.is_accepted, visited.content) == (True, {})


def test_what_the_model_said_and_where_the_client_works() -> None:
    raw = {"role": "assistant", "model": "m", "content": {"type": "text", "text": "Hi"}}
    sample = questions.to_sample({**raw, "stopReason": "endTurn"})
    assert (sample.text, sample.model, sample.stop_reason) == ("Hi", "m", "endTurn")
    roots = questions.to_roots({"roots": [{"uri": "file:///a"}]})
    assert roots == [Root(uri="file:///a", name=None)]


def test_a_question_is_no_failure_that_a_tool_could_catch() -> None:
    assert not issubclass(InputRequired, Exception)
    assert InputRequired({"a": FORM}).questions == {"a": FORM}
