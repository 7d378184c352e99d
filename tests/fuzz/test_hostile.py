"""Definitions and arguments that were made to hurt: slow patterns, endless schemas, megabytes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Field

from mcp_transport import tool
from mcp_transport.audit.redaction import Redactor
from mcp_transport.engine.questions import form, is_answer, to_answer
from mcp_transport.registry.errors import ArgumentError
from mcp_transport.registry.registry import Registry
from mcp_transport.registry.schema import MAX_NODES, check_object_schema
from mcp_transport.registry.uri_template import MAX_URI_LENGTH, UriTemplate
from tests.fuzz.attempts import (
    HANDSHAKES,
    Attempt,
    legacy_headers,
    legacy_message,
    modern_headers,
    modern_message,
)
from tests.fuzz.in_process import LIMIT, Exchange
from tests.fuzz.judging import GROWTH, Answer, held_bytes, judge
from tests.fuzz.mutations import JUNK, encoded
from tests.fuzz.site import Site

FAST = 0.5  # seconds of a processor
MANY = 4 * 2**20 - 2000  # bytes: just below the limit of a body
SLOW_PATTERNS = ("^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "^(.*a){20}$", "(x+x+)+y")
SLOW_TEXTS = ("a" * 50_000 + "!", "x" * 50_000, "a" * 50_000)


def seconds_of(call: Callable[[], object]) -> float:
    """What a call takes of this thread, however busy the machine is with others."""
    begun = time.thread_time()
    call()
    return time.thread_time() - begun


def bind_of(function: Any, **options: Any) -> Callable[[Any], Any]:
    registry = Registry()
    tool(registry=registry, **options)(function)
    (record,) = registry.tools.values()
    bind: Callable[[Any], Any] = record.function.bind
    return bind


def refused(bind: Callable[[Any], Any], arguments: Any) -> str:
    """The message; arguments that fit say nothing."""
    try:
        bind(arguments)
    except ArgumentError as error:
        return error.message
    return ""


@pytest.mark.parametrize("pattern", SLOW_PATTERNS)
def test_no_pattern_takes_longer_than_its_text(pattern: str) -> None:
    async def typed(text: str) -> str:
        """Take a text of a form."""
        return text

    typed.__annotations__["text"] = Annotated[str, Field(pattern=pattern)]

    async def by_hand(text: str) -> str:
        """Take a text of a form that was written by hand."""
        return text

    schema = {"type": "string", "pattern": pattern}
    own = {"type": "object", "properties": {"text": schema}, "required": ["text"]}
    for bind in (bind_of(typed), bind_of(by_hand, input_schema=own)):
        for text in SLOW_TEXTS:
            assert seconds_of(lambda b=bind, t=text: refused(b, {"text": t})) < FAST  # type: ignore[misc]  # bound now
    for text in SLOW_TEXTS:
        question = form("?", {"properties": {"text": schema}})
        raw = {"action": "accept", "content": {"text": text}}
        assert seconds_of(lambda q=question, r=raw: is_answer(q, r)) < FAST  # type: ignore[misc]  # bound now


def test_a_choice_of_thousands_is_checked_and_told_in_short() -> None:
    async def choose(one: str) -> str:
        """Choose."""
        return one

    choices = {"type": "string", "enum": [f"choice {number}" for number in range(MAX_NODES)]}
    schema = {"type": "object", "properties": {"one": choices}, "required": ["one"]}
    bind = bind_of(choose, input_schema=schema)
    assert refused(bind, {"one": "choice 9999"}) == ""
    assert seconds_of(lambda: refused(bind, {"one": "none"})) < FAST
    assert 0 < len(refused(bind, {"one": "none"})) < 2000


@pytest.mark.parametrize(
    "loop",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"allOf": [{"$ref": "#"}]},
        {"properties": {"a": {"$ref": "#"}}},
    ],
)
def test_a_schema_that_refers_to_itself_ends(loop: dict[str, Any]) -> None:
    schema = {"type": "object", **loop}
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"a": deep}

    def compile_and_use() -> None:
        async def take(a: Any = None) -> None:
            """Take anything."""

        try:
            bind = bind_of(take, input_schema=schema)
        except ImproperlyConfigured:
            return
        refused(bind, deep)
        Redactor(("password",), schema)(deep)

    assert seconds_of(compile_and_use) < FAST


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {f"p{n}": {} for n in range(MAX_NODES + 1)}},
        {"type": "object", "$ref": "file:///etc/passwd"},
        {"type": "object", "properties": {"a": {"$ref": "https://evil.example/schema"}}},
        {"type": "object", "properties": {"a": {"pattern": "("}}},
        {"type": "object", "properties": {"a": {"pattern": "((a{100}){100}){100}"}}},
        {"type": "object", "properties": {"a": {"minimum": "b"}}},
    ],
)
def test_a_schema_that_cannot_be_served_is_refused_at_once(schema: dict[str, Any]) -> None:
    def check() -> None:
        with pytest.raises(ImproperlyConfigured):
            check_object_schema(schema, "It")

    assert seconds_of(check) < FAST


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
ARGUMENTS = st.dictionaries(st.sampled_from(["text", "a", "", "password"]), JSON)


@given(ARGUMENTS)
@example({"text": 10**400})
@example({"text": -(2**64) - 1, "a": 1e308})
def test_arguments_fit_or_are_told_why_not(arguments: dict[str, Any]) -> None:
    async def take(text: str, a: dict[str, int] | list[float] | None = None) -> None:
        """Take something."""

    own = {
        "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 3}, "a": {"type": "integer", "multipleOf": 0.5}},
    }  # fmt: skip

    async def by_hand(text: str = "", a: int = 0) -> None:
        """Take something by another schema."""

    for bind in (bind_of(take), bind_of(by_hand, input_schema=own)):
        assert len(refused(bind, arguments)) < 20_000
    kept = Redactor(("password",), own)(arguments)
    assert isinstance(json.loads(kept), dict)


FIELDS = {"name": {"type": "string"}, "age": {"type": "integer", "maximum": 150}}
QUESTION = form("?", {"properties": FIELDS, "required": ["name"]})


@given(
    JSON
    | st.fixed_dictionaries(
        {"action": st.sampled_from(["accept", "decline", "x"]), "content": JSON}
    )
)
@example({"action": "accept", "content": {"name": "a", "age": 10**400}})
@example({"action": ["accept"]})
def test_whatever_is_sent_is_an_answer_or_none(raw: Any) -> None:
    if is_answer(QUESTION, raw):
        assert to_answer(raw).action in ("accept", "decline", "cancel")


TEMPLATE = UriTemplate("shop://{shop}/items{/section}/{+path}{?q,page}")


@given(st.text(alphabet="shop:/items%2eF.?q=&page\x00é#{}", max_size=80).map("shop://".__add__))
@example("shop://" + "%" * 2000)
@example("shop://a/items/b/" + "../" * 600)
@example("shop://a/items" + "/x" * 1000)
def test_whatever_uri_comes_is_matched_at_once_and_never_climbs(uri: str) -> None:
    begun = time.thread_time()
    found = TEMPLATE.match(uri)
    assert time.thread_time() - begun < FAST
    if found is not None:
        assert len(uri) <= MAX_URI_LENGTH
        assert all(".." not in value.split("/") and "\x00" not in value for value in found.values())


@given(st.text(alphabet="ab:/{}+#?&;.,*%", max_size=40))
def test_whatever_template_is_declared_is_served_or_refused(template: str) -> None:
    try:
        parsed = UriTemplate(template)
    except ImproperlyConfigured:
        return
    values = dict.fromkeys(parsed.variables, "x")
    assert parsed.match(parsed.expand(values)) is not None or "." in template or ";" in template


def large(key: str) -> list[tuple[str, dict[str, Any]]]:
    """Requests that hold almost four megabytes in one place."""
    text = key * (MANY // len(key.encode()))
    greet: dict[str, Any] = {"name": "greet", "arguments": {}}
    return [
        ("tools/call", {"name": "repeat", "arguments": {"text": text}}),
        ("tools/call", {"name": "repeat", "arguments": {text: 1}}),
        ("tools/call", {"name": "add", "arguments": {"a": text, "b": 1}}),
        ("tools/call", {"name": "a" + text[:100], "arguments": {}}),
        ("tools/call", {**greet, "requestState": text}),
        ("tools/call", {**greet, "requestState": f"{text[:-90]}:1a:b"}),
        ("tools/call", {**greet, "inputResponses": {text: {}}}),
        ("tools/call", {**greet, "inputResponses": {"name": {"action": text}}}),
        ("tools/list", {"cursor": text}),
        ("resources/read", {"uri": "note://item/" + text[:3000]}),
        ("prompts/get", {"name": "plan", "arguments": {"season": text}}),
        (
            "completion/complete",
            {"ref": {"type": "ref/prompt", "name": "plan"}, "argument": {"name": "season", "value": text}},
        ),
    ]  # fmt: skip


def ask(site: Site, loop: asyncio.AbstractEventLoop, method: str, params: Any, era: str) -> Answer:
    """The answer of an era, which came in time and is what every answer is."""
    if era == "modern":
        small = {key: value for key, value in params.items() if key == "name" or key == "uri"}
        headers = modern_headers(method, small)
        attempt = encoded(Attempt(headers=headers, message=modern_message(method, params)))
    else:
        attempt = encoded(
            Attempt(headers=legacy_headers(era), message=legacy_message(method, params))
        )
    begun = time.process_time()  # what hangs, hangs for longer than its exchange may
    answer = loop.run_until_complete(site.send(replace(attempt, patience=1.0)))
    assert time.process_time() - begun < 2 * FAST, method
    judge(answer)
    return answer


@pytest.mark.parametrize("key", ["a", "\x00", "é", "😀", ":"])
@pytest.mark.parametrize("era", ["modern", "2025-11-25"])
def test_four_megabytes_anywhere_are_answered(
    site: Site, loop: asyncio.AbstractEventLoop, faults: list[str], era: str, key: str
) -> None:
    for method, params in large(key):
        ask(site, loop, method, params, era)
    assert faults == []
    loop.run_until_complete(site.check_good_call())


def test_megabytes_leave_nothing_behind(site: Site, loop: asyncio.AbstractEventLoop) -> None:
    def everything() -> None:
        for method, params in large("a"):
            ask(site, loop, method, params, "modern")

    for _ in range(3):
        everything()
    before = held_bytes()
    for _ in range(6):
        everything()
    assert held_bytes() - before <= GROWTH


EVENTS = (
    b"", b"-", b"--", b"a-", b"-1", b"a-1", b"a-b", b"a-" + b"9" * 15, b"a-" + b"9" * 30_000, b"\xff-1",
    b"a" * 30_000, b"a-1\x00", b"' OR 1=1-1", b"../../etc/passwd-0", b"a--1", b"a-1e3", "a-٣".encode(),
)  # fmt: skip


@pytest.mark.parametrize("revision", HANDSHAKES)
def test_no_event_id_is_taken_for_another(
    site: Site, loop: asyncio.AbstractEventLoop, faults: list[str], revision: str
) -> None:
    for event in EVENTS:
        headers = (*legacy_headers(revision), (b"last-event-id", event))
        attempt = Attempt(method="GET", headers=headers)
        answer = loop.run_until_complete(site.send(attempt))
        judge(answer)
        assert answer.status == 400, (event, answer)
    assert faults == []


@pytest.mark.parametrize("name", ["greet", "greet_in_thread", "interview", "ask_everything"])
def test_a_modern_answer_of_any_type_completes_or_asks_again(
    site: Site, loop: asyncio.AbstractEventLoop, faults: list[str], name: str
) -> None:
    for junk in JUNK:
        for responses in (junk, {"name": junk}, {"first": junk, "poem": junk, "roots": junk}):
            params = {"name": name, "arguments": {}, "inputResponses": responses}
            ask(site, loop, "tools/call", params, "modern")
    assert faults == []


def questions(answer: Answer) -> list[Any]:
    """The ids of what the server has asked so far."""
    messages = answer.messages() if answer.is_stream else []
    return [m["id"] for m in messages if m.get("method") == "elicitation/create"]


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_an_answer_of_any_type_ends_the_question_of_a_session(
    site: Site, loop: asyncio.AbstractEventLoop, faults: list[str], revision: str
) -> None:
    headers = legacy_headers(revision)

    async def say(message: Any) -> None:
        said = {"jsonrpc": "2.0", **message}
        judge(await site.send(encoded(Attempt(headers=headers, message=said))))

    async def answer_with(junk: Any) -> None:
        call = legacy_message("tools/call", {"name": "greet", "arguments": {}})
        asking = Attempt(headers=headers, message=call, patience=2.0)
        exchange = Exchange(encoded(asking).filled(site.known))
        asked = asyncio.create_task(exchange.run(site.application))
        async with asyncio.timeout(LIMIT):
            while not (found := questions(exchange.answer)):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.001)
        for message in ({"id": junk, "result": {}}, {"id": found[0], "result": junk}):
            await say(message)
        judge(await asked)
        assert "result" in exchange.answer.messages()[-1]

    for junk in JUNK:
        loop.run_until_complete(answer_with(junk))
    assert faults == []
