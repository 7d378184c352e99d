"""
What tests of tools, resources and prompts start from.

This package knows how to talk to a site's endpoints from the same process,
in either era. Nothing outside of tests may import it, and only its ``plugin``
knows pytest.
"""

from __future__ import annotations

from mcp_transport.testing.answering import Asked
from mcp_transport.testing.asgi import Exchange, Http
from mcp_transport.testing.blocking import BlockingClient
from mcp_transport.testing.client import Client
from mcp_transport.testing.legacy import LegacyClient
from mcp_transport.testing.listening import Listener
from mcp_transport.testing.long_call import LongCall
from mcp_transport.testing.modern import ModernClient
from mcp_transport.testing.reply import Refusal, Reply
from mcp_transport.testing.results import (
    LogLine,
    ProgressReport,
    PromptResult,
    ReadResult,
    ToolFailed,
    ToolOutcome,
)
from mcp_transport.testing.site import Site
from mcp_transport.testing.wire import LEGACY_REVISIONS, MODERN_REVISION, REVISIONS

__all__ = [
    "LEGACY_REVISIONS",
    "MODERN_REVISION",
    "REVISIONS",
    "Asked",
    "BlockingClient",
    "Client",
    "Exchange",
    "Http",
    "LegacyClient",
    "Listener",
    "LogLine",
    "LongCall",
    "ModernClient",
    "ProgressReport",
    "PromptResult",
    "ReadResult",
    "Refusal",
    "Reply",
    "Site",
    "ToolFailed",
    "ToolOutcome",
]
