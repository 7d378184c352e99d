"""Entries out of functions, and every way to get one wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pydantic import Field

from mcp_transport.protocol.content import Annotations, Icon, Text, TextResource
from mcp_transport.registry.building import build_prompt, build_resource, build_tool
from mcp_transport.registry.context import Context
from mcp_transport.registry.errors import ArgumentError, OutputError
from mcp_transport.registry.headers import Header
from mcp_transport.registry.records import (
    HeaderParameter,
    Prompt,
    PromptArgument,
    Resource,
    ResourceTemplate,
    TaskTerms,
    Tool,
)

ICON = Icon(src="https://example.com/icon.png")


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


def nothing() -> str:
    """Do nothing."""
    return ""


async def waiting() -> str:
    """Wait for nothing."""
    return ""


def complete(value: str, arguments: Mapping[str, str]) -> list[str]:
    """Suggest the value itself."""
    return [value]


def completed_first(ctx: Context, typed: str) -> list[str]:
    """Be wrong: a synchronous function with an asynchronous context."""
    return [typed]


async def complete_typed(ctx: Context, typed: str) -> list[str]:
    """Suggest the value itself, with a context."""
    return [typed]


def build(call: Any, **options: Any) -> Tool:
    """A tool."""
    return build_tool(call, **options)


def template(call: Any, uri: str, **options: Any) -> ResourceTemplate:
    """A resource template."""
    built = build_resource(call, uri, **options)
    assert isinstance(built, ResourceTemplate)
    return built


def test_a_tool_says_what_its_function_says() -> None:
    tool = build(add)
    assert (tool.name, tool.description, tool.source) == ("add", "Add two numbers.", "apps")
    assert tool.input_schema["required"] == ["a"]
    assert tool.output_schema == {"type": "integer"}
    assert tool.annotations == {}
    assert tool.function.bind({"a": "2"}) == {"a": 2, "b": 1}
    assert tool.convert_result(3).structured == 3


def test_options_overrule_the_function() -> None:
    tool = build(
        add,
        name="plus",
        title="Plus",
        description="",
        permission="shop.add_order",
        timeout=2.5,
        icons=[ICON],
        meta={"a/b": 1},
        requires={"sampling": {}},
        atomic="default",
    )
    assert (tool.name, tool.title, tool.description) == ("plus", "Plus", "")
    assert (tool.permission, tool.timeout, tool.icons) == ("shop.add_order", 2.5, (ICON,))
    assert (tool.meta, tool.requires) == ({"a/b": 1}, {"sampling": {}})
    assert tool.function.atomic == "default"


def test_only_the_hints_that_are_given_are_told() -> None:
    assert build(add, read_only=True, destructive=False).annotations == {
        "readOnlyHint": True,
        "destructiveHint": False,
    }
    assert build(add, idempotent=True, open_world=False).annotations == {
        "idempotentHint": True,
        "openWorldHint": False,
    }


def test_marked_arguments_are_known_to_the_tool() -> None:
    def routed(region: Annotated[str, Header("Region")]) -> None: ...

    assert build(routed).headers == (
        HeaderParameter(path=("region",), header="Region", type="string"),
    )


def test_a_generator_tool_is_converted_from_all_it_yields() -> None:
    def count() -> Iterator[str]:
        yield "1"

    tool = build(count)
    assert tool.function.is_generator
    assert tool.convert_result(["1", "2"]).content == (Text(text="12"),)


@pytest.mark.parametrize("name", ["", "two words", "ü", "a,b", "x" * 129])
def test_a_name_is_one_that_every_client_accepts(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="has to be 1 to 128 of the characters"):
        build(add, name=name)


@pytest.mark.parametrize("permission", ["", "view_order", "shop.", ".view_order"])
def test_a_permission_names_its_app(permission: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"not of the form 'app\.codename'"):
        build(add, permission=permission)


def test_a_time_limit_is_positive() -> None:
    with pytest.raises(ImproperlyConfigured, match="timeout 0 has to be a positive number"):
        build(add, timeout=0)
    with pytest.raises(ImproperlyConfigured, match="rate 0 has to be a whole number"):
        build(add, rate=0)
    with pytest.raises(ImproperlyConfigured, match=r"concurrency 1\.5 has to be a whole number"):
        build(add, concurrency=1.5)


def test_a_call_may_outlive_its_connection() -> None:
    assert build(add).task is None
    assert build(add, task="optional").task == TaskTerms(is_required=False)
    terms = TaskTerms(is_required=True, lifetime=60, poll_interval=0.5)
    assert build(add, task="required", task_lifetime=60, poll_interval=0.5).task == terms


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"task": "always"}, "task 'always' has to be 'optional' or 'required'"),
        ({"task_lifetime": 60}, "needs task= beside it"),
        ({"task": "optional", "poll_interval": 0}, "poll_interval 0 has to be a positive number"),
    ],
)
def test_how_it_does_is_checked(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=problem):
        build(add, **options)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        build(add, colour="red")


@pytest.mark.parametrize("atomic", [True, "default"])
def test_an_asynchronous_function_has_no_transaction(atomic: bool | str) -> None:
    with pytest.raises(ImproperlyConfigured, match="it is asynchronous, and a transaction needs"):
        build(waiting, atomic=atomic)


SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "x-mcp-header": "B"}},
    "required": ["a"],
}


def test_an_input_schema_of_the_sites_own_replaces_the_signatures() -> None:
    tool = build(add, input_schema=SCHEMA)
    assert tool.input_schema == SCHEMA
    assert [parameter.header for parameter in tool.headers] == ["B"]
    with pytest.raises(ArgumentError):
        tool.function.bind({"a": "2"})


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "array"}, 'needs "type": "object"'),
        ({"type": "object"}, "does not require 'a'"),
        ({**SCHEMA, "properties": {"c": {}, "d": {}}}, "has 'c' and 'd', and it has not"),
    ],
)
def test_an_input_schema_has_to_fit_the_function(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=reason):
        build(add, input_schema=schema)


def test_a_function_with_any_arguments_fits_every_schema() -> None:
    def everything(**arguments: Any) -> None: ...

    schema = {"type": "object", "properties": {"not a name": {}}}
    assert build(everything, input_schema=schema).function.bind({"not a name": 1}) == {
        "not a name": 1
    }


def test_an_output_schema_of_the_sites_own_replaces_the_return_types() -> None:
    tool = build(nothing, output_schema={"type": "array"})
    assert tool.output_schema == {"type": "array"}
    with pytest.raises(OutputError):
        tool.convert_result({"a": 1})
    with pytest.raises(ImproperlyConfigured, match="output schema of tool .* no valid JSON Schema"):
        build(nothing, output_schema={"type": "objct"})


def test_a_uri_without_variables_is_a_resource() -> None:
    hints = Annotations(priority=1)
    built = build_resource(
        nothing, "shop://terms", mime_type="text/plain", size=5, annotations=hints, atomic=True
    )
    assert isinstance(built, Resource)
    assert (built.uri, built.name, built.mime_type, built.size) == (
        "shop://terms", "nothing", "text/plain", 5,
    )  # fmt: skip
    assert built.annotations is hints
    assert built.function.atomic is True
    assert built.function.bind({}) == {}
    assert built.convert_result("a", built.uri) == (
        TextResource(uri="shop://terms", text="a", mime_type="text/plain"),
    )


def test_a_uri_with_variables_is_a_template() -> None:
    built = template(add, "math://{a}{?b}", name="sum", completions={"a": complete})
    assert (built.uri_template, built.name) == ("math://{a}{?b}", "sum")
    assert built.match("math://2?b=3") == {"a": "2", "b": "3"}
    assert built.match("shop://2") is None
    assert built.function.bind({"a": "2"}) == {"a": 2, "b": 1}
    assert list(built.completions) == ["a"]


@pytest.mark.parametrize(
    ("call", "uri", "options", "reason"),
    [
        (nothing, "terms", {}, "no absolute URI"),
        (add, "math://sum", {}, r"has no {variable} for 'a' and 'b'"),
        (nothing, "a://x", {"completions": {"a": complete}}, r"no {variable} to complete"),
        (add, "math://{a}/{c}", {}, "has 'c', which is no parameter"),
        (add, "math://{b}", {}, "does not have its parameter 'a'"),
        (add, "math://{a", {}, "a brace has no partner"),
        (add, "math://a}", {}, "a brace has no partner"),
        (add, "math://{a}", {"size": 5}, "a template has no size"),
        (add, "math://{a}", {"completions": {"b": complete}}, "'b', which is no argument"),
    ],
)
def test_a_resource_has_to_fit_its_uri(
    call: Any, uri: str, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=reason):
        build_resource(call, uri, **options)


def test_a_prompt_has_the_arguments_of_its_function() -> None:
    def greet(
        name: Annotated[str, Field(title="Name", description="Whom to greet.")], times: int = 1
    ) -> str:
        """Greet somebody."""
        return name * times

    built = build_prompt(greet, completions={"name": complete})
    assert isinstance(built, Prompt)
    assert built.arguments == (
        PromptArgument(name="name", title="Name", description="Whom to greet.", required=True),
        PromptArgument(name="times"),
    )
    assert built.function.bind({"name": "Ada", "times": "2"}) == {"name": "Ada", "times": 2}
    assert built.convert_result("Hello")[0].content == Text(text="Hello")


def test_a_completion_is_bound_by_its_own_names() -> None:
    given = {"value": "a", "arguments": {"b": "c"}}
    completions = build_prompt(add, completions={"a": complete, "b": complete_typed}).completions
    assert completions["a"].bind(given) == given
    assert completions["b"].bind(given) == {"typed": "a"}
    assert completions["b"].context_parameter == "ctx"
    assert completions["b"].is_async


def no_value() -> list[str]:
    """Take nothing."""
    return []


def too_much(value: str, arguments: dict[str, str], more: int) -> list[str]:
    """Take too much."""
    return []


def yielding(value: str) -> Iterator[str]:
    """Yield suggestions."""
    yield value


@pytest.mark.parametrize("call", [no_value, too_much, yielding])
def test_a_completion_takes_the_value_and_the_arguments(call: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"has to take \(value\) or \(value, arguments"):
        build_prompt(add, completions={"a": call})


def test_a_completion_gets_the_context_of_its_kind() -> None:
    with pytest.raises(ImproperlyConfigured, match="annotate 'ctx' with SyncContext"):
        build_prompt(add, completions={"a": completed_first})
