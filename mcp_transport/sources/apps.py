"""Entries of Django apps: Python functions in their ``mcp`` modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.execution import run
from mcp_transport.engine.source import AnyDefinition, Entries, Source
from mcp_transport.protocol.content import Message, ResourceContents
from mcp_transport.registry.records import (
    Function,
    Prompt,
    PromptDefinition,
    Resource,
    ResourceDefinition,
    ResourceTemplate,
    TemplateDefinition,
    Tool,
    ToolDefinition,
)
from mcp_transport.registry.registry import Registry, registry
from mcp_transport.registry.results import ToolResult


class AppSource(Source):
    """What the decorators have registered."""

    name: ClassVar[str] = "apps"

    def __init__(self, entries: Registry = registry) -> None:
        self._registry = entries

    def generation(self) -> int:
        """See Source.generation()."""
        return self._registry.generation

    def entries(self) -> Entries:
        """See Source.entries()."""
        found = self._registry
        return Entries(
            tools=tuple(found.tools.values()),
            resources=tuple(found.resources.values()),
            templates=tuple(found.templates.values()),
            prompts=tuple(found.prompts.values()),
        )

    def owner(self, definition: AnyDefinition) -> str:
        """The label of the app that a function belongs to."""
        return _function_of(definition).app_label

    def place(self, definition: AnyDefinition) -> str:
        """The function and the line where it begins."""
        return _function_of(definition).line

    def match(self, template: TemplateDefinition, uri: str) -> dict[str, str] | None:
        """See Source.match()."""
        assert isinstance(template, ResourceTemplate)  # noqa: S101 - it is handed what it listed
        return template.match(uri)

    def completes(self, definition: AnyDefinition) -> bool:
        """See Source.completes()."""
        return isinstance(definition, (ResourceTemplate, Prompt)) and bool(definition.completions)

    async def call(
        self, tool: ToolDefinition, arguments: dict[str, object], context: RequestContext
    ) -> ToolResult:
        """See Source.call()."""
        assert isinstance(tool, Tool)  # noqa: S101 - it is handed what it listed
        value = await run(tool.function, tool.function.bind(arguments), context)
        return tool.convert_result(value)

    async def read(
        self,
        resource: ResourceDefinition | TemplateDefinition,
        uri: str,
        variables: dict[str, str],
        context: RequestContext,
    ) -> Sequence[ResourceContents]:
        """See Source.read()."""
        assert isinstance(resource, (Resource, ResourceTemplate))  # noqa: S101 - it is handed what it listed
        function = resource.function
        value = await run(function, function.bind(dict(variables)), context)
        return () if value is None else resource.convert_result(value, uri)

    async def get(
        self, prompt: PromptDefinition, arguments: dict[str, str], context: RequestContext
    ) -> Sequence[Message]:
        """See Source.get()."""
        assert isinstance(prompt, Prompt)  # noqa: S101 - it is handed what it listed
        function = prompt.function
        value = await run(function, function.bind(dict(arguments)), context)
        return prompt.convert_result(value)

    async def complete(
        self,
        definition: TemplateDefinition | PromptDefinition,
        argument: str,
        value: str,
        context: RequestContext,
        arguments: dict[str, str],
    ) -> Sequence[str]:
        """See Source.complete()."""
        assert isinstance(definition, (ResourceTemplate, Prompt))  # noqa: S101 - it is handed what it listed
        function = definition.completions.get(argument)
        if function is None:
            return ()
        given = function.bind({"value": value, "arguments": arguments})
        values = await run(function, given, context)
        return [str(item) for item in values]


def _function_of(definition: AnyDefinition) -> Function:
    assert isinstance(definition, (Tool, Resource, ResourceTemplate, Prompt))  # noqa: S101 - it is handed what it listed
    return definition.function
