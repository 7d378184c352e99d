"""Tests of mcp_transport.registry.plan."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_transport import Context, Depends, Progress, SyncContext, SyncProgress
from mcp_transport.registry.building import build_prompt, build_resource, build_tool
from mcp_transport.registry.errors import ArgumentError


async def load_user(context: Context) -> str:
    return "ada"


def load_shop(context: SyncContext, user: Annotated[str, Depends(load_user)]) -> str:
    return f"{user}'s shop"


class Basket:
    def __init__(self, shop: Annotated[str, Depends(load_shop)], size: int = 3) -> None:
        self.shop = shop


def sell(
    book: str,
    shop: Annotated[str, Depends(load_shop)],
    user: Annotated[str, Depends(load_user)],
    basket: Annotated[Basket, Depends(Basket)],
) -> str:
    """Sell a book."""
    return book


def test_dependencies_are_in_no_schema() -> None:
    schema = build_tool(sell).input_schema
    assert schema["properties"].keys() == {"book"}
    assert schema["required"] == ["book"]


@pytest.mark.parametrize("name", ["shop", "user", "basket"])
def test_dependencies_cannot_be_sent(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"{name}: is not an argument"):
        build_tool(sell).function.bind({"book": "Emma", name: "mine"})


def test_each_is_made_once_and_after_what_it_needs() -> None:
    function = build_tool(sell).function
    assert [step.call for step in function.dependencies] == [load_user, load_shop, Basket]
    assert [step.needs for step in function.dependencies] == [{}, {"user": 0}, {"shop": 1}]
    assert function.needs == {"shop": 1, "user": 0, "basket": 2}


def test_each_is_made_where_it_belongs() -> None:
    async def watch(progress: Progress, shop: Annotated[str, Depends(load_shop)]) -> None: ...

    steps = build_tool(watch).function.dependencies
    assert [(step.is_async, step.context_parameter) for step in steps] == [
        (True, "context"), (True, "context"), (False, "context"),
    ]  # fmt: skip


def test_a_function_without_dependencies_has_none() -> None:
    def plain(a: int) -> int:
        return a

    function = build_tool(plain).function
    assert (function.dependencies, function.needs) == ((), {})


def test_resources_and_prompts_have_them_as_well() -> None:
    def shelf(code: str, shop: Annotated[str, Depends(load_shop)]) -> str:
        return code

    def opened(shop: Annotated[str, Depends(load_shop)]) -> str:
        return shop

    assert build_resource(shelf, "shop://{code}").function.needs == {"shop": 1}
    assert build_resource(opened, "shop://open").function.needs == {"shop": 1}
    assert [argument.name for argument in build_prompt(shelf).arguments] == ["code"]


def test_a_default_lets_the_function_be_called_by_hand() -> None:
    def by_hand(shop: Annotated[str, Depends(load_shop)] = "none") -> str:
        return shop

    assert build_tool(by_hand).input_schema["properties"] == {}


def test_a_schema_of_ones_own_does_not_name_them() -> None:
    schema = {"type": "object", "properties": {"book": {"type": "string"}}, "required": ["book"]}
    function = build_tool(sell, input_schema=schema).function
    with pytest.raises(ArgumentError, match="shop"):
        function.bind({"book": "Emma", "shop": "mine"})


def unfilled(name: str) -> str:
    return name


def wrong_context(context: Context) -> str:
    return ""


def yielding() -> Iterator[int]:
    yield 1


async def streaming() -> AsyncIterator[int]:
    yield 1


def wrong_progress(progress: Progress) -> str:
    return ""


def mistaken(call: Any) -> Callable[..., Any]:
    def tool(value: Any) -> str:
        return ""

    tool.__annotations__["value"] = Annotated[Any, Depends(call)]
    return tool


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (unfilled, "Nothing fills 'name' of dependency .*unfilled"),
        (wrong_context, "synchronous: annotate 'context' with SyncContext"),
        (yielding, "yields; let it return"),
        (streaming, "yields; let it return"),
        (wrong_progress, "synchronous: annotate 'progress' with SyncProgress"),
        (7, "neither a function nor a class"),
    ],
)
def test_a_dependency_that_cannot_be_made_is_refused(call: Any, reason: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=reason):
        build_tool(mistaken(call))


def test_a_dependency_on_itself_is_refused() -> None:
    def first(value: Any) -> str:
        return ""

    def second(value: Any) -> str:
        return ""

    second.__annotations__["value"] = Annotated[str, Depends(first)]
    first.__annotations__["value"] = Annotated[str, Depends(second)]
    with pytest.raises(ImproperlyConfigured, match="depends on itself"):
        build_tool(mistaken(first))


def test_a_dependency_as_a_default_is_refused() -> None:
    def old_style(shop: Any = Depends(load_shop)) -> str:  # noqa: B008 - the test is about this
        return ""

    with pytest.raises(ImproperlyConfigured, match=r"write shop: Annotated\[type, Depends\(…\)\]"):
        build_tool(old_style)


def test_the_progress_of_the_other_kind_is_refused() -> None:
    async def awaited(progress: SyncProgress) -> str:
        return ""

    def blocking(progress: Progress) -> str:
        return ""

    for function in (awaited, blocking):
        with pytest.raises(ImproperlyConfigured, match="annotate 'progress' with"):
            build_tool(function)
