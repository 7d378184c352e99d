"""
Entries as records: what a client is told of them, and what serves them.

A *definition* is what any source can offer; it knows no function, because an
OpenAPI operation or another server's tool has none. ``Tool``, ``Resource``,
``ResourceTemplate`` and ``Prompt`` are definitions served by a function of a
Django app.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps

from mcp_transport.protocol.content import Annotations, Icon, Message, ResourceContents
from mcp_transport.registry.results import ToolResult
from mcp_transport.registry.uri_template import UriTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What every entry says of itself."""

    name: str
    title: str | None = None
    description: str | None = None
    icons: tuple[Icon, ...] = ()
    meta: dict[str, Any] | None = None
    permission: str | None = None  # "app.codename"; None for whoever may use the server
    timeout: float | None = None  # seconds; None takes MCP_TOOL_TIMEOUT
    rate: int | None = None  # requests a minute, of all clients together
    concurrency: int | None = None  # the same, at once
    requires: dict[str, Any] = field(default_factory=dict)  # client capabilities
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderParameter:
    """An argument that clients repeat in the header ``Mcp-Param-<header>``."""

    path: tuple[str, ...]  # names of properties, from the root of the arguments
    header: str
    type: str  # "string", "integer" or "boolean"

    def value_in(self, arguments: Any) -> Any:
        """The argument's value; None where a call has none."""
        value = arguments
        for name in self.path:
            value = value.get(name) if isinstance(value, dict) else None
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTerms:
    """How a call of a tool outlives its connection, for clients that know tasks."""

    is_required: bool  # from its beginning, and for such clients only; else when it takes long
    lifetime: float | None = None  # seconds; None takes MCP_TASK_LIFETIME
    poll_interval: float | None = None  # seconds; None takes MCP_TASK_POLL_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDefinition(Definition):
    """A tool as clients see it."""

    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None = None
    annotations: dict[str, bool] = field(default_factory=dict)  # readOnlyHint…, given ones only
    headers: tuple[HeaderParameter, ...] = ()
    task: TaskTerms | None = None  # None: a call never becomes a task


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDefinition(Definition):
    """A resource as clients see it."""

    uri: str
    mime_type: str | None = None
    size: int | None = None  # bytes
    annotations: Annotations | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDefinition(Definition):
    """A family of resources as clients see it."""

    uri_template: str
    mime_type: str | None = None
    annotations: Annotations | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptArgument:
    """An argument of a prompt; its value is always a string."""

    name: str
    title: str | None = None
    description: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptDefinition(Definition):
    """A prompt as clients see it."""

    arguments: tuple[PromptArgument, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """Something that is made for a call before its function runs."""

    call: Callable[..., Any]
    is_async: bool  # belongs on the event loop, not in a thread
    context_parameter: str | None = None
    needs: Mapping[str, int]  # parameters, and which dependencies fill them


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """
    A Python function and what has to be known to call it.

    ``bind`` turns a request's arguments into keyword arguments, or raises
    :class:`~mcp_transport.registry.errors.ArgumentError`; the context, if the
    function takes one, is added by the caller under ``context_parameter``, and
    so are the values of the dependencies that it ``needs``.
    """

    call: Callable[..., Any]
    is_async: bool  # a coroutine function or an asynchronous generator
    is_generator: bool  # yields its result in pieces
    context_parameter: str | None = None
    wants_sync_context: bool = False
    bind: Callable[[dict[str, Any]], dict[str, Any]] = dict
    atomic: bool | str = False  # True for the default database, or an alias
    dependencies: tuple[Dependency, ...] = ()  # each needs only what stands before it
    needs: Mapping[str, int] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where the function is defined, for error messages."""
        return f"{self.call.__module__}.{self.call.__qualname__}"

    @property
    def line(self) -> str:
        """Where the function stands, as module path and line: ``shop/mcp.py:41``."""
        call = inspect.unwrap(self.call)
        code = getattr(call, "__code__", None)
        path = call.__module__.replace(".", "/")
        return f"{path}.py:{code.co_firstlineno}" if code else path

    @property
    def app_label(self) -> str:
        """
        The label of the app the function belongs to, else its top package.

        Needs the app registry, so it is asked for late and never at import.
        """
        config = apps.get_containing_app_config(self.call.__module__)
        return config.label if config else self.call.__module__.partition(".")[0]


#: Completion functions by argument; each binds {"value": …, "arguments": …}.
Completions = Mapping[str, Function]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(ToolDefinition):
    """
    A tool that a function serves.

    ``convert_result`` takes what the function returned, or the list of all it
    yielded, and raises ``OutputError`` when that is not what was declared.
    """

    function: Function
    convert_result: Callable[[Any], ToolResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(ResourceDefinition):
    """A resource that a function reads; converting takes the value and the URI."""

    function: Function
    convert_result: Callable[[Any, str], tuple[ResourceContents, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceTemplate(TemplateDefinition):
    """A family of resources that a function reads, given the URI's variables."""

    function: Function
    convert_result: Callable[[Any, str], tuple[ResourceContents, ...]]
    pattern: UriTemplate
    completions: Completions = field(default_factory=dict)

    def match(self, uri: str) -> dict[str, str] | None:
        """The variables of a URI of this family, decoded; None for any other URI."""
        return self.pattern.match(uri)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(PromptDefinition):
    """A prompt that a function writes."""

    function: Function
    convert_result: Callable[[Any], tuple[Message, ...]]
    completions: Completions = field(default_factory=dict)


Entry = Tool | Resource | ResourceTemplate | Prompt
