"""Whether the nginx that are to hold streams can do so."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from mcp_transport.conf import settings
from mcp_transport.nchan.publisher import UNIX
from mcp_transport.rules import RULES

PATIENCE = 2.0  # seconds


@register()
def check_secret(**_: Any) -> list[CheckMessage]:
    """Without a secret nobody could be told from the nginx in front."""
    if not settings.MCP_NCHAN_PUBLISHERS or settings.MCP_NCHAN_SECRET:
        return []
    return [
        Error(
            "MCP_NCHAN_PUBLISHERS is set and MCP_NCHAN_SECRET is not: no stream is handed over.",
            hint=RULES["MCP_NCHAN_SECRET"].remedy,
            id="mcp.E022",
        )
    ]


@register(Tags.security, deploy=True)
def check_publishers(**_: Any) -> list[CheckMessage]:
    """Every nginx that is named answers."""
    configured: Mapping[str, str] = settings.MCP_NCHAN_PUBLISHERS
    if any(RULES["MCP_NCHAN_PUBLISHERS"].problems(configured)):
        return []
    return [
        CheckWarning(
            f"MCP_NCHAN_PUBLISHERS[{name!r}] is not reached at {address}: {problem}",
            hint="Start that nginx, or let the site have its socket; until then the site holds its streams itself.",
            id="mcp.W025",
        )
        for name, address in configured.items()
        if (problem := unreached(address))
    ]


def unreached(address: str) -> str:
    """Say why nobody listens at a publisher's address; empty when somebody does."""
    try:
        with contextlib.closing(_connected(address)):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _connected(address: str) -> socket.socket:
    if not address.startswith(UNIX):
        at = urlsplit(address)
        return socket.create_connection((at.hostname or "", at.port or 80), PATIENCE)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE)
    try:
        connection.connect(address.removeprefix(UNIX))
    except OSError:
        connection.close()
        raise
    return connection
