"""Entries of Django apps: Python functions in their ``mcp`` modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.execution import run
from mcp_transport.engine.source import Entries, Source
from mcp_transport.protocol.content import Message, ResourceContents
from mcp_transport.registry.records import (
    Entry,
    Prompt,
    Resource,
    ResourceTemplate,
    Tool,
)
from mcp_transport.registry.registry import Registry, registry
from mcp_transport.registry.results import ToolResult


class AppSource(Source[Tool, Resource, ResourceTemplate, Prompt]):
    """What the decorators have registered."""

    name: ClassVar[str] = "apps"

    def __init__(self, entries: Registry = registry) -> None:
        self._registry = entries

    def generation(self) -> int:
        """See Source.generation()."""
        return self._registry.generation

    def entries(self) -> Entries[Tool, Resource, ResourceTemplate, Prompt]:
        """See Source.entries()."""
        found = self._registry
        return Entries(
            tools=tuple(found.tools.values()),
            resources=tuple(found.resources.values()),
            templates=tuple(found.templates.values()),
            prompts=tuple(found.prompts.values()),
        )

    def owner(self, definition: Entry) -> str:
        """The label of the app that a function belongs to."""
        return definition.function.app_label

    def place(self, definition: Entry) -> str:
        """The function and the line where it begins."""
        return definition.function.line

    def match(self, template: ResourceTemplate, uri: str) -> dict[str, str] | None:
        """See Source.match()."""
        return template.match(uri)

    def completes(self, definition: Entry) -> bool:
        """See Source.completes()."""
        return isinstance(definition, (ResourceTemplate, Prompt)) and bool(definition.completions)

    async def call(
        self, tool: Tool, arguments: dict[str, object], context: RequestContext
    ) -> ToolResult:
        """See Source.call()."""
        value = await run(tool.function, tool.function.bind(arguments), context)
        return tool.convert_result(value)

    async def read(
        self,
        resource: Resource | ResourceTemplate,
        uri: str,
        variables: dict[str, str],
        context: RequestContext,
    ) -> Sequence[ResourceContents]:
        """See Source.read()."""
        function = resource.function
        value = await run(function, function.bind(dict(variables)), context)
        return () if value is None else resource.convert_result(value, uri)

    async def get(
        self, prompt: Prompt, arguments: dict[str, str], context: RequestContext
    ) -> Sequence[Message]:
        """See Source.get()."""
        function = prompt.function
        value = await run(function, function.bind(dict(arguments)), context)
        return prompt.convert_result(value)

    async def complete(
        self,
        definition: ResourceTemplate | Prompt,
        argument: str,
        value: str,
        context: RequestContext,
        arguments: dict[str, str],
    ) -> Sequence[str]:
        """See Source.complete()."""
        function = definition.completions.get(argument)
        if function is None:
            return ()
        given = function.bind({"value": value, "arguments": arguments})
        values = await run(function, given, context)
        return [str(item) for item in values]
