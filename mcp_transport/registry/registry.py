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
from types import TracebackType
from typing import Any, Self, TypeVar

from django.core.exceptions import ImproperlyConfigured

from mcp_transport.registry.records import Entry, Prompt, Resource, ResourceTemplate, Tool

E = TypeVar("E", bound=Entry)
F = TypeVar("F", bound=Callable[..., Any])
Tables = tuple[
    Mapping[str, Tool],
    Mapping[str, Resource],
    Mapping[str, ResourceTemplate],
    Mapping[str, Prompt],
]


class Registry:
    """Tools by name, resources by URI, templates by template, prompts by name."""

    def __init__(self) -> None:
        self._tables: Tables = ({}, {}, {}, {})
        self.generation = 0  # grows with every change, so that a cache can tell

    @property
    def tools(self) -> Mapping[str, Tool]:
        """The tools, in the order of registration."""
        return self._tables[0]

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The resources, in the order of registration."""
        return self._tables[1]

    @property
    def templates(self) -> Mapping[str, ResourceTemplate]:
        """The resource templates, in the order of registration."""
        return self._tables[2]

    @property
    def prompts(self) -> Mapping[str, Prompt]:
        """The prompts, in the order of registration."""
        return self._tables[3]

    def add(self, entry: Entry) -> None:
        """Add an entry of any kind."""
        if isinstance(entry, Tool):
            self.add_tool(entry)
        elif isinstance(entry, Resource):
            self.add_resource(entry)
        elif isinstance(entry, ResourceTemplate):
            self.add_template(entry)
        else:
            self.add_prompt(entry)

    def add_tool(self, tool: Tool) -> None:
        """Add a tool; its name must be free."""
        tables = self._tables
        self._replace((with_entry(tables[0], "tool", tool.name, tool), *tables[1:]))

    def add_resource(self, resource: Resource) -> None:
        """Add a resource; its URI must be free."""
        tools, resources, templates, prompts = self._tables
        resources = with_entry(resources, "resource", resource.uri, resource)
        self._replace((tools, resources, templates, prompts))

    def add_template(self, template: ResourceTemplate) -> None:
        """Add a resource template; it must not be registered yet."""
        tools, resources, templates, prompts = self._tables
        key = template.uri_template
        templates = with_entry(templates, "resource template", key, template)
        self._replace((tools, resources, templates, prompts))

    def add_prompt(self, prompt: Prompt) -> None:
        """Add a prompt; its name must be free."""
        tables = self._tables
        self._replace((*tables[:3], with_entry(tables[3], "prompt", prompt.name, prompt)))

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


def with_entry(table: Mapping[str, E], kind: str, key: str, entry: E) -> Mapping[str, E]:
    """The table with one more entry; refuses a key that is taken."""
    if (other := table.get(key)) is not None:
        raise ImproperlyConfigured(
            f"The {kind} {key!r} is registered twice: by {other.function.place} and by "
            f"{entry.function.place}. Give one of them another name."
        )
    return {**table, key: entry}


registry = Registry()
