"""Functions of Django apps as entries."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_transport import Context, SyncContext, TextResource, prompt, resource, tool
from mcp_transport.registry.errors import ArgumentError
from mcp_transport.registry.registry import Registry
from mcp_transport.sources.apps import AppSource
from mcp_transport.threads import ThreadPool


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def source(registry: Registry) -> AppSource:
    return AppSource(registry)


@pytest.fixture
def context() -> Any:
    """As much of a request's context as a function that asks nothing needs."""
    pool = ThreadPool(1, 10, "apps")
    exchange = SimpleNamespace(services=SimpleNamespace(functions=pool), is_abandoned=False)
    yield SimpleNamespace(exchange=exchange)
    assert pool.shutdown(5.0)


def test_a_change_of_the_registry_is_another_generation(
    registry: Registry, source: AppSource
) -> None:
    before = source.generation()

    @tool(registry=registry)
    def late() -> None: ...

    assert source.generation() != before
    assert [entry.name for entry in source.entries().tools] == ["late"]
    assert source.owner(source.entries().tools[0]) == "tests"


async def test_a_tool_is_called_with_its_arguments(
    registry: Registry, source: AppSource, context: Any
) -> None:
    @tool(registry=registry)
    async def add(a: int, b: int = 2) -> int:
        return a + b

    @tool(registry=registry)
    def multiply(a: int, b: int = 2) -> int:
        return a * b

    add_, multiply_ = source.entries().tools
    assert (await source.call(add_, {"a": 3}, context)).structured == 5
    assert (await source.call(multiply_, {"a": 3}, context)).structured == 6
    with pytest.raises(ArgumentError, match="a: "):
        await source.call(add_, {"b": 1}, context)


async def test_a_function_gets_the_context_it_asks_for(
    registry: Registry, source: AppSource
) -> None:
    pool = ThreadPool(1, 10, "apps")
    exchange: Any = SimpleNamespace(services=SimpleNamespace(functions=pool), is_abandoned=True)
    context: Any = SimpleNamespace(exchange=exchange, cancelled=True)

    @tool(registry=registry)
    async def inside(ctx: Context) -> bool:
        return ctx is context

    @tool(registry=registry)
    def in_thread(ctx: SyncContext) -> bool:
        return ctx.cancelled

    for entry in source.entries().tools:
        assert (await source.call(entry, {}, context)).structured is True
    assert pool.shutdown(5.0)


async def test_a_resource_is_read(registry: Registry, source: AppSource, context: Any) -> None:
    @resource("note://a", registry=registry)
    def note() -> str:
        return "a"

    @resource("note://none", registry=registry)
    def nothing() -> None: ...

    a, none = source.entries().resources
    (content,) = await source.read(a, "note://a", {}, context)
    assert isinstance(content, TextResource)
    assert (content.uri, content.text) == ("note://a", "a")
    assert await source.read(none, "note://none", {}, context) == ()


async def test_a_template_is_matched_and_read(
    registry: Registry, source: AppSource, context: Any
) -> None:
    @resource("note://{number}", registry=registry)
    async def item(number: int) -> str:
        return f"item {number + 1}"

    (template,) = source.entries().templates
    assert source.match(template, "else://7") is None
    variables = source.match(template, "note://7")
    assert variables == {"number": "7"}
    (content,) = await source.read(template, "note://7", variables, context)
    assert isinstance(content, TextResource)
    assert content.text == "item 8"


async def test_a_prompt_is_written(registry: Registry, source: AppSource, context: Any) -> None:
    @prompt(registry=registry)
    def plan(season: str) -> str:
        return f"Plan {season}."

    (entry,) = source.entries().prompts
    (message,) = await source.get(entry, {"season": "spring"}, context)
    assert message.role == "user"


async def test_arguments_are_completed_where_a_function_does(
    registry: Registry, source: AppSource, context: Any
) -> None:
    def seasons(value: str, arguments: Mapping[str, str]) -> list[str]:
        return [f"{value}-{arguments.get('half')}"]

    async def halves(value: str) -> list[int]:
        return [1, 2]

    @prompt(registry=registry, completions={"season": seasons, "half": halves})
    def plan(season: str, half: str, year: str) -> str:
        return season

    @prompt(registry=registry)
    def plain() -> str:
        return "x"

    planned, other = source.entries().prompts
    assert source.completes(planned)
    assert not source.completes(other)
    half = {"half": "north"}
    assert await source.complete(planned, "season", "s", context, half) == ["s-north"]
    assert await source.complete(planned, "half", "", context, {}) == ["1", "2"]
    assert await source.complete(planned, "year", "", context, {}) == ()


def test_a_tool_completes_nothing(registry: Registry, source: AppSource) -> None:
    @tool(registry=registry)
    def plain() -> None: ...

    assert not source.completes(source.entries().tools[0])
