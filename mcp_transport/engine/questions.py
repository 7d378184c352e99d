"""
Questions to the client: how they are put, and whether an answer is one.

Specification 2026-07-28, client/elicitation, client/sampling, client/roots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import msgspec
from pydantic import BaseModel, TypeAdapter

from mcp_transport.audit.redaction import Redactor
from mcp_transport.conf import settings
from mcp_transport.registry.context import Answer, Question, Root, Sample, SamplingOptions

ELICITATION = "elicitation/create"
SAMPLING = "sampling/createMessage"
ROOTS = "roots/list"

PRIMITIVES = frozenset({"string", "number", "integer", "boolean"})
ACTIONS = ("accept", "decline", "cancel")
# A form is a page that a person fills in; a tool that needs more wants a link.
MAX_FIELDS = 100
SAMPLING_OPTIONS = {
    "max_tokens": "maxTokens",
    "system_prompt": "systemPrompt",
    "model_preferences": "modelPreferences",
    "include_context": "includeContext",
    "temperature": "temperature",
    "stop_sequences": "stopSequences",
    "metadata": "metadata",
    "tools": "tools",
    "tool_choice": "toolChoice",
}


class InputRequired(BaseException):  # no failure: a tool's `except Exception` must let it through
    """Something has to be asked before the function can go on."""

    def __init__(self, questions: Mapping[str, Question]) -> None:
        super().__init__()
        self.questions = dict(questions)


class Asked(msgspec.Struct, frozen=True):
    """What a synchronous function left with instead of a value."""

    questions: dict[str, Question]


def guarded(call: Callable[[], Any]) -> Any:
    """The value of a call, or its questions: a thread cannot raise them to the loop."""
    try:
        return call()
    except InputRequired as asked:
        return Asked(asked.questions)


def form(message: str, schema: Any) -> Question:
    """A form for the user. Raises ValueError for a schema that no form can show."""
    params = {"message": message, "requestedSchema": form_schema(schema)}
    return Question(method=ELICITATION, params=params, capability={"elicitation": {"form": {}}})


def link(message: str, url: str) -> Question:
    """
    A page for the user to visit (client/elicitation, URL Mode Elicitation Requests).

    Raises ValueError for what is no web address.
    """
    if urlsplit(url).scheme not in ("https", "http"):
        raise ValueError(f"{url!r} is no web address; it begins with https://.")
    params = {"mode": "url", "message": message, "url": url}
    return Question(method=ELICITATION, params=params, capability={"elicitation": {"url": {}}})


def checked(question: Question) -> Question:
    """
    The question itself, which a tool may have made by hand.

    Raises ValueError for a form that no client can show or that asks for a secret.
    """
    if question.method == ELICITATION and question.params.get("mode", "form") == "form":
        form_schema(question.params.get("requestedSchema"))
    return question


def sampling(messages: str | Sequence[Mapping[str, Any]], options: SamplingOptions) -> Question:
    """
    A task for the client's language model.

    Raises TypeError for an unknown option, and without ``max_tokens``.
    """
    unknown = sorted(options.keys() - SAMPLING_OPTIONS.keys())
    if unknown:
        raise TypeError(f"sample() has no option {', '.join(unknown)}.")
    if options.get("max_tokens") is None:
        raise TypeError("sample() needs max_tokens, the most that the model may write.")
    if isinstance(messages, str):
        messages = [{"role": "user", "content": {"type": "text", "text": messages}}]
    said = {SAMPLING_OPTIONS[key]: value for key, value in options.items() if value is not None}
    params = {"messages": list(messages), **said}
    capability: dict[str, Any] = {"sampling": {"tools": {}} if "tools" in said else {}}
    return Question(method=SAMPLING, params=params, capability=capability)


def roots() -> Question:
    """Where the client works."""
    return Question(method=ROOTS, params={}, capability={"roots": {}})


def form_schema(schema: Any) -> dict[str, Any]:
    """
    The JSON Schema of a form: an object of primitive properties.

    Raises ValueError when it nests, as no client can show that
    (client/elicitation, Requested Schema), and when it asks for a secret (Form
    Mode Security, 1).
    """
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        schema = TypeAdapter(schema).json_schema()
    if not isinstance(schema, Mapping) or not isinstance(schema.get("properties"), Mapping):
        raise ValueError("A form is a pydantic model, or a JSON Schema with properties.")
    properties = schema["properties"]
    if len(properties) > MAX_FIELDS:
        raise ValueError(f"A form has at most {MAX_FIELDS} fields.")
    definitions = schema.get("$defs", {})
    fields = {name: _field(name, value, definitions) for name, value in properties.items()}
    _refuse_secrets(fields)
    made: dict[str, Any] = {"type": "object", "properties": fields}
    if schema.get("required"):
        made["required"] = list(schema["required"])
    return made


def _refuse_secrets(fields: Mapping[str, Any]) -> None:
    redactor = Redactor(settings.MCP_REDACTED_ARGUMENTS, {"properties": fields})
    secret = [name for name in fields if redactor.is_secret(name)]
    if secret:
        raise ValueError(
            f"A form may not ask for a secret such as {secret[0]!r}: "
            "clients keep what they show. Send the user to a page of yours with url=."
        )


def _field(name: str, field: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    reference = field.get("$ref", "")
    if reference.startswith("#/$defs/"):
        beside = {key: value for key, value in field.items() if key != "$ref"}
        field = {**definitions[reference.removeprefix("#/$defs/")], **beside}
    if field.get("type") not in PRIMITIVES and not _is_choice_of_many(field):
        raise ValueError(
            f"The form field {name!r} is neither text, number, yes or no, nor a choice; "
            "clients cannot show anything else."
        )
    return dict(field)


def _is_choice_of_many(field: Mapping[str, Any]) -> bool:
    items = field.get("items", {})
    return field.get("type") == "array" and ("enum" in items or "anyOf" in items)


def is_answer(question: Question, raw: Any) -> bool:
    """
    Whether what a client sent answers a question.

    What a form brings back is held against its schema (client/elicitation,
    Form Mode Security, 3).
    """
    if not isinstance(raw, dict):
        return False
    if question.method == ELICITATION:
        return _is_elicited(question, raw)
    if question.method == SAMPLING:
        strings = isinstance(raw.get("role"), str) and isinstance(raw.get("model"), str)
        return strings and isinstance(raw.get("content"), (dict, list))
    listed = raw.get("roots")
    return isinstance(listed, list) and all(_is_root(root) for root in listed)


def _is_elicited(question: Question, raw: dict[str, Any]) -> bool:
    if raw.get("action") not in ACTIONS:
        return False
    schema = question.params.get("requestedSchema")
    if raw["action"] != "accept" or schema is None:
        return True
    return isinstance(raw.get("content"), dict) and jsonschema_rs.is_valid(schema, raw["content"])


def _is_root(root: Any) -> bool:
    return isinstance(root, dict) and isinstance(root.get("uri"), str)


def to_answer(raw: dict[str, Any]) -> Answer:
    """What the user did."""
    content = raw.get("content") if raw["action"] == "accept" else None
    return Answer(action=raw["action"], content=content if isinstance(content, dict) else {})


def to_sample(raw: dict[str, Any]) -> Sample:
    """What the model said."""
    return Sample(
        role=raw["role"],
        content=raw["content"],
        model=raw["model"],
        stop_reason=raw.get("stopReason"),
    )


def to_roots(raw: dict[str, Any]) -> list[Root]:
    """Where the client works."""
    return [Root(uri=root["uri"], name=root.get("name")) for root in raw["roots"]]
