"""
What the OpenAPI document says beside the views; imports nothing of REST framework.

A site's settings take it as it is: ``SPECTACULAR_SETTINGS = {**DOCUMENT, …}``.
"""

from __future__ import annotations

from typing import Any

from mcp_transport.version import __version__

DOCUMENT: dict[str, Any] = {
    "TITLE": "MCP operators' API",
    "DESCRIPTION": "Servers, entries, sessions, calls and tokens, as the admin has them.",
    "VERSION": __version__,
    "COMPONENT_SPLIT_REQUEST": True,  # what is sent and what is answered are different things
    "ENUM_NAME_OVERRIDES": {
        "CallOutcome": "mcp_transport.models.Call.Outcome",
        "ActionOutcome": "mcp_transport.models.OperatorAction.Outcome",
        "Access": "mcp_transport.models.Server.Access",
        "Way": "mcp_transport.models.OperatorAction.Way",
        "EntryKind": "mcp_transport.models.EntryKind",
        "TextKind": "mcp_transport.models.TextEntry.Kind",
    },
}
