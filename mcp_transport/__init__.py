"""
MCP Transport for Django: a Django site as a Model Context Protocol platform.

What an app's ``mcp.py`` needs is here, and importable before the app registry
is ready; nothing below which models stand is imported.
"""

from __future__ import annotations

from mcp_transport.protocol.content import (
    Annotations,
    Audio,
    BlobResource,
    EmbeddedResource,
    Icon,
    Image,
    Message,
    ResourceLink,
    Text,
    TextResource,
)
from mcp_transport.registry.context import Context, SyncContext
from mcp_transport.registry.decorators import prompt, resource, tool
from mcp_transport.registry.dependencies import CurrentUser, Depends, Progress, SyncProgress
from mcp_transport.registry.errors import ToolError
from mcp_transport.registry.headers import Header
from mcp_transport.registry.results import ToolResult

__all__ = [
    "Annotations",
    "Audio",
    "BlobResource",
    "Context",
    "CurrentUser",
    "Depends",
    "EmbeddedResource",
    "Header",
    "Icon",
    "Image",
    "Message",
    "Progress",
    "ResourceLink",
    "SyncContext",
    "SyncProgress",
    "Text",
    "TextResource",
    "ToolError",
    "ToolResult",
    "prompt",
    "resource",
    "tool",
]
