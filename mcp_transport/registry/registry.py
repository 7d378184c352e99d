"""
The entries that the installed apps offer.

A registry is an instance; the module's ``registry`` is only the one that the
decorators use unless they are given another. Its tables are replaced rather
than changed, so that a thread may read one while another registers.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self, TypeVar

from django.core.exceptions import ImproperlyConfigured

from mcp_transport.registry.records import Entry, Prompt, Resource, ResourceTemplate, Tool

E = TypeVar("E", bound=Entry)
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Everything that is registered, in the order of registration."""

    tools: Mapping[str, Tool] = field(default_factory=dict)
    resources: Mapping[str, Resource] = field(default_factory=dict)
    templates: Mapping[str, ResourceTemplate] = field(default_factory=dict)
    prompts: Mapping[str, Prompt] = field(default_factory=dict)


class Registry:
    """Tools by name, resources by URI, templates by template, prompts by name."""

    def __init__(self) -> None:
        self._tables = Tables()
        self.generation = 0  # grows with every change, so that a cache can tell

    @property
    def tools(self) -> Mapping[str, Tool]:
        """The tools, by name."""
        return self._tables.tools

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The resources, by URI."""
        return self._tables.resources

    @property
    def templates(self) -> Mapping[str, ResourceTemplate]:
        """The resource templates, by template."""
        return self._tables.templates

    @property
    def prompts(self) -> Mapping[str, Prompt]:
        """The prompts, by name."""
        return self._tables.prompts

    def add(self, entry: Entry) -> None:
        """Add an entry of any kind; refuses one whose name, URI or template is taken."""
        self._replace(_with(self._tables, entry))

    def registered_temporarily(self, *entries: Entry) -> Temporarily:
        """
        Register entries for a while: a context manager and a decorator.

        Whatever else is registered meanwhile goes away with them.
        """
        return Temporarily(self, entries)

    def _replace(self, tables: Tables) -> None:
        self._tables = tables
        self.generation += 1


class Temporarily:
    """Puts a registry back to what it was; made by ``registered_temporarily()``."""

    def __init__(self, registry: Registry, entries: tuple[Entry, ...]) -> None:
        self._registry = registry
        self._entries = entries
        # A stack: what decorates a function may be entered within itself.
        self._kept: list[Tables] = []

    def __enter__(self) -> Self:
        kept = self._registry._tables
        try:
            for entry in self._entries:
                self._registry.add(entry)
        except ImproperlyConfigured:
            self._registry._replace(kept)
            raise
        self._kept.append(kept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._registry._replace(self._kept.pop())

    def __call__(self, function: F) -> F:
        """Decorate a function, so that the entries are there while it runs."""

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        @functools.wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return run_async if inspect.iscoroutinefunction(function) else run  # type: ignore[return-value]  # called as the function is


def _with(tables: Tables, entry: Entry) -> Tables:
    """The tables with one more entry."""
    match entry:
        case Tool(name=name):
            return replace(tables, tools=_put(tables.tools, "tool", name, entry))
        case Resource(uri=uri):
            return replace(tables, resources=_put(tables.resources, "resource", uri, entry))
        case ResourceTemplate(uri_template=uri):
            templates = _put(tables.templates, "resource template", uri, entry)
            return replace(tables, templates=templates)
        case Prompt(name=name):
            return replace(tables, prompts=_put(tables.prompts, "prompt", name, entry))


def _put(table: Mapping[str, E], kind: str, key: str, entry: E) -> Mapping[str, E]:
    if (other := table.get(key)) is not None:
        raise ImproperlyConfigured(
            f"The {kind} {key!r} is registered twice: by {other.function.place} and by "
            f"{entry.function.place}. {_remedy(entry)}"
        )
    return {**table, key: entry}


def _remedy(entry: Entry) -> str:
    if isinstance(entry, Resource | ResourceTemplate):
        return "Give one of them another URI."
    module = entry.function.call.__module__
    app, is_in_it, _ = f"{module}.".rpartition(".mcp.")  # which may be a folder
    app = app if is_in_it else module.rpartition(".")[0] or module
    return (
        "Give one of them another name; if neither app is yours, put something before the names"
        f' of one: MCP_NAME_PREFIXES = {{"{app}": "{app.rpartition(".")[2]}_"}}.'
    )


registry = Registry()
