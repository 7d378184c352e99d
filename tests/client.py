"""
The package's own clients, made strict.

Each validates every message it receives against the official schema of its
revision, so a test that talks to the server at all is a test of its wire
format.
"""

from __future__ import annotations

from typing import Any

from mcp_transport.testing import legacy, modern
from mcp_transport.testing.modern import (
    CLIENT_CAPABILITIES,
    CLIENT_INFO,
    LOG_LEVEL,
    PROTOCOL_VERSION,
)
from mcp_transport.testing.reply import Json, Refusal, Reply, encode, text_of
from mcp_transport.testing.stream import Stream
from mcp_transport.testing.wire import (
    IMPLEMENTATION,
    LEGACY_REVISIONS,
    MODERN_REVISION,
    AnswerCallback,
    unanswerable,
)
from mcp_transport.testing.wire import REVISIONS as HTTP_REVISIONS
from tests.schema import check_message

__all__ = [
    "CLIENT_CAPABILITIES", "CLIENT_INFO", "ELICITING_REVISIONS", "HTTP_REVISIONS",
    "IMPLEMENTATION", "LEGACY_REVISIONS", "LOG_LEVEL", "MODERN_REVISION", "PROTOCOL_VERSION",
    "SERVER_INFO", "SUBSCRIPTION_ID", "AnswerCallback", "Json", "LegacyClient", "ModernClient",
    "Refusal", "Reply", "Stream", "encode", "text_of", "unanswerable",
]  # fmt: skip

ELICITING_REVISIONS = HTTP_REVISIONS[1:]

SERVER_INFO = "io.modelcontextprotocol/serverInfo"
SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId"


class ModernClient(modern.ModernClient):
    """A client of 2026-07-28 that accepts nothing but what its schema allows."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"check": check_message, **options})


class LegacyClient(legacy.LegacyClient):
    """A client with a session that accepts nothing but what its schema allows."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"check": check_message, **options})
