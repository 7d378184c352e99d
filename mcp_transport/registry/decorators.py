"""
``@tool``, ``@resource`` and ``@prompt``: functions become entries.

A decorator returns the function unchanged, so it can be called and tested as
before. What is wrong with an entry is raised where it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict, TypeVar, Unpack, overload

from mcp_transport.protocol.content import Annotations, Icon
from mcp_transport.registry.building import build_prompt, build_resource, build_tool
from mcp_transport.registry.registry import Registry
from mcp_transport.registry.registry import registry as default_registry

F = TypeVar("F", bound=Callable[..., Any])


class EntryOptions(TypedDict, total=False):
    """What every entry may be given; see :class:`records.Definition`."""

    name: str  # the function's name, unless given
    title: str
    description: str  # the docstring, unless given
    permission: str  # "app.codename"
    timeout: float  # seconds
    rate: int  # requests a minute, of all clients together
    concurrency: int  # the same, at once
    icons: tuple[Icon, ...]
    meta: Mapping[str, Any]
    requires: Mapping[str, Any]  # client capabilities: {"sampling": {}}
    atomic: bool | str  # run in a transaction: True, or a database alias


class ToolOptions(EntryOptions, total=False):
    """What a tool may be given."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool
    input_schema: Mapping[str, Any]  # instead of the signature's
    output_schema: Mapping[str, Any]  # instead of the return type's
    task: Literal["optional", "required"]  # a call may, or has to, outlive its connection
    task_lifetime: float  # seconds for which such a call, with its result, can be asked for
    poll_interval: float  # seconds between two questions how far it is


class ResourceOptions(EntryOptions, total=False):
    """What a resource or a resource template may be given."""

    mime_type: str
    size: int  # bytes; not of a template
    annotations: Annotations
    completions: Mapping[str, Callable[..., Any]]  # by variable; of a template


class PromptOptions(EntryOptions, total=False):
    """What a prompt may be given."""

    completions: Mapping[str, Callable[..., Any]]  # by argument


@overload
def tool(function: F, /) -> F: ...


@overload
def tool(
    *, registry: Registry | None = None, **options: Unpack[ToolOptions]
) -> Callable[[F], F]: ...


def tool(
    function: Any = None,
    /,
    *,
    registry: Registry | None = None,
    **options: Unpack[ToolOptions],
) -> Any:
    """
    Offer a function to language models as a tool.

    Its parameters become the input schema, its docstring the description, its
    return type the output schema.
    """

    def register(function: F) -> F:
        (registry or default_registry).add(build_tool(function, **options))
        return function

    return register if function is None else register(function)


def resource(
    uri: str, /, *, registry: Registry | None = None, **options: Unpack[ResourceOptions]
) -> Callable[[F], F]:
    """
    Offer what a function returns as a resource.

    A URI with expressions, as in ``shop://orders/{number}``, is a template:
    its variables are the function's parameters.
    """

    def register(function: F) -> F:
        (registry or default_registry).add(build_resource(function, uri, **options))
        return function

    return register


@overload
def prompt(function: F, /) -> F: ...


@overload
def prompt(
    *, registry: Registry | None = None, **options: Unpack[PromptOptions]
) -> Callable[[F], F]: ...


def prompt(
    function: Any = None,
    /,
    *,
    registry: Registry | None = None,
    **options: Unpack[PromptOptions],
) -> Any:
    """
    Offer what a function writes as a prompt.

    Its parameters become the arguments; clients send them as strings.
    """

    def register(function: F) -> F:
        (registry or default_registry).add(build_prompt(function, **options))
        return function

    return register if function is None else register(function)
