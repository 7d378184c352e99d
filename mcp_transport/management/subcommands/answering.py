"""Answers to what a tool asks: given beforehand, or typed at a prompt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import CommandError

from mcp_transport.engine.questions import ELICITATION
from mcp_transport.management.subcommands.base import shown
from mcp_transport.protocol.tasks import TASKS

Json = dict[str, Any]
Prompt = Callable[[str], str]

QUESTIONS: Json = {"elicitation": {"form": {}, "url": {}}}
PATIENCE: Json = {"extensions": {TASKS: {}}}  # it waits for what takes long
YES = frozenset({"y", "yes", "true", "1", "on"})
NO = frozenset({"n", "no", "false", "0", "off"})


class Respondent:
    """
    Answers for the user of the command.

    ``prompt`` shows a text and returns the line that was typed, or raises
    EOFError; None where nobody is there. ``tell`` shows a line.
    """

    def __init__(
        self,
        given: Mapping[str, Any],
        prompt: Prompt | None,
        tell: Callable[[str], object],
    ) -> None:
        self._given = given
        self._prompt = prompt
        self._tell = tell

    @property
    def capabilities(self) -> Json:
        """What a client with this respondent can be asked."""
        return {**PATIENCE, **(QUESTIONS if self._given or self._prompt else {})}

    def reply(self, asked: Json) -> Json:
        """
        What the next round carries, for the result that asks.

        Raises CommandError for a question that cannot be answered here.
        """
        requests: Json = asked.get("inputRequests", {})
        carried: Json = {"inputResponses": {k: self.answer(q) for k, q in requests.items()}}
        if "requestState" in asked:
            carried["requestState"] = asked["requestState"]
        return carried

    def answer(self, question: Json) -> Json:
        """The answer to one question; the end of input cancels."""
        params: Json = question.get("params", {})
        if question["method"] != ELICITATION:
            raise CommandError(
                f"The tool asks for {question['method']}, which only a client can do."
            )
        try:
            return self._visit(params) if params.get("mode") == "url" else self._fill_in(params)
        except EOFError:
            self._tell("")
            return {"action": "cancel"}

    def _visit(self, params: Json) -> Json:
        said = f"{shown(params['message'])} {shown(params['url'])}"
        if self._prompt is None:
            raise CommandError(f"The tool asks for a visit: {said}; run the command in a terminal.")
        self._tell(said)
        is_done = self._prompt("Done? [Y/n] ").strip().lower() not in NO
        return {"action": "accept" if is_done else "decline"}

    def _fill_in(self, params: Json) -> Json:
        schema: Json = params["requestedSchema"]
        required = schema.get("required", ())
        if self._prompt is not None:
            self._tell(f"{shown(params['message'])} (the end of input cancels)")
        content: Json = {}
        for name, field in schema["properties"].items():
            value = self._value(name, field, is_required=name in required)
            if value is not None:
                content[name] = value
        return {"action": "accept", "content": content}

    def _value(self, name: str, field: Json, *, is_required: bool) -> Any:
        if name in self._given:
            return read_given(self._given[name], name, field)
        if self._prompt is not None:
            return self._ask(self._prompt, name, field, is_required=is_required)
        if is_required and "default" not in field:
            raise CommandError(
                f"The tool asks for {name!r} ({described(field)}); answer with --answer {name}=…"
            )
        return field.get("default")

    def _ask(self, prompt: Prompt, name: str, field: Json, *, is_required: bool) -> Any:
        """Ask until the answer can be one; nothing typed takes the default or leaves it out."""
        while True:
            typed = prompt(f"{label(name, field)}: ").strip()
            if not typed and ("default" in field or not is_required):
                return field.get("default")
            try:
                return read(typed, field)
            except ValueError as exc:
                self._tell(str(exc))


def label(name: str, field: Json) -> str:
    """What stands before the cursor."""
    default = f" [{shown(field['default'])}]" if "default" in field else ""
    return f"  {shown(field.get('title', name))} ({described(field)}){default}"


def described(field: Json) -> str:
    """What may be typed, in a few words."""
    if values := choices(field):
        named = ", ".join(
            value if title == value else f"{value}: {title}" for value, title in values.items()
        )
        return shown(f"several of {named}" if field.get("type") == "array" else f"one of {named}")
    if field.get("type") == "boolean":
        return "yes or no"
    kind = field.get("format") or {"string": "text"}.get(field.get("type", ""), field.get("type"))
    note = field.get("description")
    return shown(f"{kind}; {note}" if note else kind)


def choices(field: Json) -> dict[str, str]:
    """The values of a choice and their titles; none when the field is free."""
    inner: Json = field.get("items", field)
    titled = inner.get("oneOf") or inner.get("anyOf") or ()
    if titled:
        return {
            str(option["const"]): str(option.get("title", option["const"])) for option in titled
        }
    values = [str(value) for value in inner.get("enum", ())]
    titles = [str(title) for title in inner.get("enumNames", values)]
    return dict(zip(values, titles, strict=False))


def read_given(value: Any, name: str, field: Json) -> Any:
    """An answer given beforehand: a text is read like one that was typed. Raises CommandError."""
    if not isinstance(value, str):
        return value
    try:
        return read(value, field)
    except ValueError as exc:
        raise CommandError(f"--answer {name}: {exc}") from None


def read(typed: str, field: Json) -> Any:
    """What was typed, as the field wants it. Raises ValueError that says what that is."""
    readers = {
        "boolean": read_boolean,
        "integer": read_number,
        "number": read_number,
        "array": read_several,
    }
    return readers.get(field.get("type", ""), read_text)(typed, field)


def read_boolean(typed: str, field: Json) -> bool:
    """Yes or no. Raises ValueError."""
    word = typed.lower()
    if word not in YES | NO:
        raise ValueError("Say yes or no.")
    return word in YES


def read_number(typed: str, field: Json) -> float:
    """A number within its bounds. Raises ValueError."""
    kind = int if field["type"] == "integer" else float
    try:
        value = kind(typed)
    except ValueError:
        raise ValueError("Say a whole number." if kind is int else "Say a number.") from None
    least, most = field.get("minimum", value), field.get("maximum", value)
    if not least <= value <= most:
        bounds = {"at least": field.get("minimum"), "at most": field.get("maximum")}
        said = " and ".join(
            f"{word} {json.dumps(n)}" for word, n in bounds.items() if n is not None
        )
        raise ValueError(f"Say a number of {said}.")
    return value


def read_several(typed: str, field: Json) -> list[str]:
    """Values of a choice, with commas between them. Raises ValueError."""
    words = [word.strip() for word in typed.split(",") if word.strip()]
    return [read_text(word, field["items"]) for word in words]


def read_text(typed: str, field: Json) -> str:
    """A text, or one of the values. Raises ValueError."""
    values = choices(field)
    if values and typed not in values:
        raise ValueError(f"Say one of {', '.join(values)}.")
    if not typed and field.get("minLength", 1):
        raise ValueError("Say something.")
    return typed
