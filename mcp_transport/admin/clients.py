"""What the admin shows to paste into an MCP client."""

from __future__ import annotations

import json

from django.http import HttpRequest

from mcp_transport.admin.parts import Copyable
from mcp_transport.client_settings import snippets
from mcp_transport.conf import settings
from mcp_transport.protocol.revisions import R2026_07_28
from mcp_transport.protocol.routing import CLIENT_CAPABILITIES, PROTOCOL_VERSION


def server_url(request: HttpRequest, slug: str) -> str:
    """Where clients find a server."""
    return request.build_absolute_uri(f"{settings.MCP_PATH}/{slug}")


def copyables(name: str, url: str, credentials: str | None) -> list[Copyable]:
    """What to paste, by client; without credentials for a server that asks for none."""
    found = {
        **snippets(name, url, credentials),
        "Without a client, by curl": _curl(url, credentials),
    }
    return [Copyable(label=label, value=text, block=True) for label, text in found.items()]


def _curl(url: str, credentials: str | None) -> str:
    meta = {PROTOCOL_VERSION: R2026_07_28.name, CLIENT_CAPABILITIES: {}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}}
    lines = [
        f"curl {url}",
        "-H 'Content-Type: application/json'",
        "-H 'Accept: application/json, text/event-stream'",
        f"-H 'MCP-Protocol-Version: {R2026_07_28.name}' -H 'Mcp-Method: server/discover'",
        *([f"-H 'Authorization: {credentials}'"] if credentials else []),
        f"-d '{json.dumps(body)}'",
    ]
    return " \\\n  ".join(lines)
