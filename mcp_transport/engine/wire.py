"""Definitions as lists show them, in the newest form."""

from __future__ import annotations

from typing import Any

from mcp_transport.engine.source import AnyDefinition
from mcp_transport.protocol.content import to_wire
from mcp_transport.registry.records import (
    PromptArgument,
    PromptDefinition,
    ResourceDefinition,
    TemplateDefinition,
    ToolDefinition,
)


def to_definition(definition: AnyDefinition) -> dict[str, Any]:
    """The members of a list item, without those that say nothing."""
    wire: dict[str, Any] = {
        "name": definition.name,
        "title": definition.title,
        "description": definition.description,
        **_own_members(definition),
        "icons": [to_wire(icon) for icon in definition.icons],
        "_meta": definition.meta,
    }
    kept = {"inputSchema", "arguments"}
    return {key: value for key, value in wire.items() if value or key in kept}


def _own_members(definition: AnyDefinition) -> dict[str, Any]:
    if isinstance(definition, ToolDefinition):
        return {
            "inputSchema": definition.input_schema,
            "outputSchema": definition.output_schema,
            "annotations": definition.annotations,
        }
    if isinstance(definition, PromptDefinition):
        return {"arguments": [_argument(item) for item in definition.arguments]}
    return _resource_members(definition)


def _resource_members(definition: ResourceDefinition | TemplateDefinition) -> dict[str, Any]:
    annotations = definition.annotations
    members: dict[str, Any] = {
        "mimeType": definition.mime_type,
        "annotations": to_wire(annotations) if annotations else None,
    }
    if isinstance(definition, ResourceDefinition):
        return {"uri": definition.uri, "size": definition.size, **members}
    return {"uriTemplate": definition.uri_template, **members}


def _argument(argument: PromptArgument) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "name": argument.name,
        "title": argument.title,
        "description": argument.description,
        "required": argument.required,
    }
    return {key: value for key, value in wire.items() if value is not None}
