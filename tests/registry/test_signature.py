"""What a function takes: its schema, and arguments that do and do not fit."""

from __future__ import annotations

import datetime
import enum
import functools
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from pydantic import BaseModel, Field, SecretStr

from mcp_transport.registry.context import Context, SyncContext
from mcp_transport.registry.errors import ArgumentError
from mcp_transport.registry.headers import Header
from mcp_transport.registry.signature import arguments_of, inspect_function, schema_bind


class Colour(enum.Enum):
    """A colour."""

    RED = "red"


class Order(BaseModel):
    """An order."""

    number: int


def schema_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The schema of a function's arguments."""
    return arguments_of(inspect_function(function, "tool"))[0]


def bind(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments for a request's arguments."""
    return arguments_of(inspect_function(function, "tool"))[1](arguments)


def problems(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, str]:
    """What is wrong with arguments, by name."""
    with pytest.raises(ArgumentError) as caught:
        bind(function, arguments)
    return {problem.argument: problem.text for problem in caught.value.problems}


def documented(
    number: int, colour: Colour, note: Annotated[str, Field(description="Own.")] = ""
) -> None:
    """
    Look something up.

    It takes a while.

    Args:
        number: The number of
            what is looked up.
        colour: Its colour.
        note: Overruled by the field.

    Returns:
        Nothing.
    """


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    def nothing() -> None: ...

    assert schema_of(nothing) == {"type": "object", "properties": {}, "additionalProperties": False}


def test_the_docstring_describes_the_function_and_its_parameters() -> None:
    assert inspect_function(documented, "tool").summary == "Look something up.\n\nIt takes a while."
    properties = schema_of(documented)["properties"]
    assert properties["number"]["description"] == "The number of\nwhat is looked up."
    assert properties["colour"] == {"$ref": "#/$defs/Colour", "description": "Its colour."}
    assert properties["note"]["description"] == "Own."


def test_a_function_without_a_docstring_has_no_description() -> None:
    def nothing() -> None: ...

    assert inspect_function(nothing, "tool").summary is None


def test_types_and_defaults_become_the_schema() -> None:
    def search(
        query: Annotated[str, Field(min_length=2)], limit: int = 20, *, deep: bool = False
    ) -> None: ...

    assert schema_of(search) == {
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 2},
            "limit": {"type": "integer", "default": 20},
            "deep": {"type": "boolean", "default": False},
        },
        "required": ["query"],
        "additionalProperties": False,
    }


def test_a_parameter_without_a_type_takes_anything() -> None:
    def anything(value): ...  # type: ignore[no-untyped-def] # the case at hand

    assert schema_of(anything)["properties"] == {"value": {}}
    assert bind(anything, {"value": [1]}) == {"value": [1]}


def test_a_field_may_stand_where_the_default_does() -> None:
    def search(
        query: str = Field(description="Words."),
        limit: int = Field(default=5, le=10),
        tags: list[str] = Field(default_factory=list),  # noqa: B008 - the case at hand
    ) -> None: ...

    schema = schema_of(search)
    assert schema["required"] == ["query"]
    assert schema["properties"]["limit"] == {"type": "integer", "default": 5, "maximum": 10}
    assert inspect_function(search, "tool").required == {"query"}
    assert bind(search, {"query": "a"}) == {"query": "a", "limit": 5, "tags": []}


def test_names_that_mean_something_to_pydantic_are_ordinary_names() -> None:
    def odd(schema: str, model_dump: int, copy: bool, _private: int = 1) -> None: ...

    arguments = {"schema": "a", "model_dump": 1, "copy": True}
    assert list(schema_of(odd)["properties"]) == ["schema", "model_dump", "copy", "_private"]
    assert bind(odd, arguments) == {**arguments, "_private": 1}


def test_an_alias_is_what_clients_see() -> None:
    def listing(
        class_: Annotated[str, Field(alias="class")], from_: str = Field("a", alias="from")
    ) -> None: ...

    assert list(schema_of(listing)["properties"]) == ["class", "from"]
    assert bind(listing, {"class": "b"}) == {"class_": "b", "from_": "a"}


def test_arguments_are_converted_where_nothing_is_lost() -> None:
    def typed(
        number: int, day: datetime.date, colour: Colour, order: Order, tags: set[str]
    ) -> None: ...

    given = json.loads(
        '{"number": "3", "day": "2026-01-31", "colour": "red", "order": {"number": 1.0}, "tags": ["a"]}'
    )
    assert bind(typed, given) == {
        "number": 3,
        "day": datetime.date(2026, 1, 31),
        "colour": Colour.RED,
        "order": Order(number=1),
        "tags": {"a"},
    }


def test_a_mutable_default_is_not_shared() -> None:
    def collect(tags: list[str] = []) -> None: ...  # noqa: B006 - the case at hand

    bind(collect, {})["tags"].append("a")
    assert bind(collect, {}) == {"tags": []}


def test_every_argument_that_does_not_fit_is_listed() -> None:
    def order(number: int, lines: list[Order], note: str) -> None: ...

    given = {"number": "x", "lines": [{"number": None}], "extra": 1}
    assert problems(order, given) == {
        "number": "Input should be a valid integer, unable to parse string as an integer (given: 'x')",
        "lines.0.number": "Input should be a valid integer (given: None)",
        "note": "is required",
        "extra": "is not an argument",
    }


def test_a_long_value_is_shortened() -> None:
    def count(number: int) -> None: ...

    assert len(problems(count, {"number": "x" * 10_000})["number"]) < 200


def test_a_value_with_an_inside_is_told_by_its_kind() -> None:
    def count(number: int, other: int) -> None: ...

    found = problems(count, {"number": {"password": "hunter2"}, "other": [1, 2]})
    assert found["number"].endswith("(given: an object)")
    assert found["other"].endswith("(given: an array of 2)")


def test_a_secret_is_never_repeated() -> None:
    def login(Password: int, order: Order, pin: int) -> None: ...

    with override_settings(MCP_REDACTED_ARGUMENTS=["password", "NUMBER"]):
        found = problems(login, {"Password": "hunter2", "order": {"number": "x1"}, "pin": "y2"})
    assert "hunter2" not in found["Password"]
    assert "x1" not in found["order.number"]
    assert "y2" in found["pin"]


def test_a_secret_is_never_repeated_however_it_is_known_to_be_one() -> None:
    def login(db_password: int, pin: SecretStr, order: Order) -> None: ...

    found = problems(login, {"db_password": "hunter2", "pin": 4711, "order": {"number": "x1"}})
    assert "hunter2" not in found["db_password"]
    assert "4711" not in found["pin"]
    assert "x1" in found["order.number"]


def test_a_context_is_no_argument() -> None:
    async def awaited(ctx: Context, text: str) -> None: ...
    def blocking(text: str, context: SyncContext | None = None) -> None: ...

    for function, name in ((awaited, "ctx"), (blocking, "context")):
        signature = inspect_function(function, "tool")
        assert list(schema_of(function)["properties"]) == ["text"]
        assert signature.context == name
        assert signature.wants_sync_context is (name == "context")


def test_a_context_has_to_be_of_the_functions_kind() -> None:
    async def awaited(ctx: SyncContext) -> None: ...
    def blocking(ctx: Context) -> None: ...

    with pytest.raises(ImproperlyConfigured, match=r"asynchronous: annotate 'ctx' with Context\."):
        inspect_function(awaited, "tool")
    with pytest.raises(
        ImproperlyConfigured, match=r"synchronous: annotate 'ctx' with SyncContext\."
    ):
        inspect_function(blocking, "tool")


def test_one_context_is_enough() -> None:
    async def twice(a: Context, b: Context) -> None: ...

    with pytest.raises(ImproperlyConfigured, match="asks for a context twice: a, b"):
        inspect_function(twice, "tool")


def test_functions_are_told_apart_by_how_they_run() -> None:
    def plain() -> None: ...
    async def awaited() -> None: ...

    def yielding() -> Iterator[int]:
        yield 1

    async def streaming() -> AsyncIterator[int]:
        yield 1

    found = [inspect_function(f, "tool") for f in (plain, awaited, yielding, streaming)]
    assert [s.is_async for s in found] == [False, True, False, True]
    assert [s.is_generator for s in found] == [False, False, True, True]


def test_a_wrapped_function_keeps_its_signature() -> None:
    def inner(number: int) -> str: ...  # type: ignore[empty-body] # only its signature counts

    @functools.wraps(inner)
    def outer(*args: Any, **kwargs: Any) -> str:
        return inner(*args, **kwargs)

    assert list(schema_of(outer)["properties"]) == ["number"]


@pytest.mark.parametrize("thing", [Order, 5, functools.partial(print)])
def test_only_functions_serve_calls(thing: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="is not a function"):
        inspect_function(thing, "tool")


def test_parameters_without_a_name_are_refused() -> None:
    def positional(a: int, /) -> None: ...
    def many(*numbers: int) -> None: ...
    def named(**numbers: int) -> None: ...

    for function in (positional, many, named):
        with pytest.raises(ImproperlyConfigured, match="has no name that a client can use"):
            schema_of(function)


def test_an_annotation_that_cannot_be_evaluated_is_told() -> None:
    def lost(number: Missing) -> None: ...  # type: ignore[name-defined] # noqa: F821 - the case at hand

    with pytest.raises(ImproperlyConfigured, match="'Missing' is not defined.*at run time"):
        inspect_function(lost, "tool")


def test_a_type_without_a_schema_is_told_with_its_function() -> None:
    def call_back(function: Callable[[], int]) -> None: ...

    with pytest.raises(ImproperlyConfigured, match=r"The signature of tool tests\.\S+call_back"):
        schema_of(call_back)


def test_a_marked_argument_is_marked_in_the_schema() -> None:
    def routed(
        region: Annotated[str, Header("Region")],
        floor: Annotated[int | None, Header("Floor")] = None,
    ) -> None: ...

    assert schema_of(routed)["properties"] == {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "floor": {"type": "integer", "x-mcp-header": "Floor"},
    }
    assert bind(routed, {"region": "eu", "floor": None}) == {"region": "eu", "floor": None}


SCHEMA = {
    "type": "object",
    "properties": {"number": {"type": "integer"}, "pin": {"type": "string"}},
    "required": ["number"],
}


def by_schema(function: Callable[..., Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What binds by a schema of the site's own."""
    return schema_bind(SCHEMA, inspect_function(function, "tool"))


def take_all(**arguments: Any) -> None:
    """Take whatever there is."""


def take_two(number: int, pin: str = "") -> None:
    """Take two arguments."""


def test_a_schema_of_the_sites_own_binds_without_conversion() -> None:
    assert by_schema(take_all)({"number": 1, "more": [1]}) == {"number": 1, "more": [1]}
    assert by_schema(take_two)({"number": 1}) == {"number": 1}


def test_arguments_that_break_the_sites_own_schema_are_listed() -> None:
    with pytest.raises(ArgumentError) as caught:
        by_schema(take_two)({"number": "x", "pin": 5, "more": 1})
    assert [str(problem) for problem in caught.value.problems] == [
        "number: the value is not of type \"integer\" (given: 'x')",
        'pin: the value is not of type "string" (given: 5)',
    ]
    with pytest.raises(ArgumentError, match=re.escape('arguments: "number" is a required')):
        by_schema(take_two)({})


def test_an_argument_the_function_has_not_is_refused_though_the_schema_allows_it() -> None:
    with pytest.raises(ArgumentError, match="more: is not an argument"):
        by_schema(take_two)({"number": 1, "more": 1})


def test_a_function_that_was_made_asynchronous_is_awaited() -> None:
    def count(words: str) -> int:
        return len(words)

    made = inspect_function(sync_to_async(count), "tool")
    assert (made.is_async, list(made.parameters)) == (True, ["words"])
