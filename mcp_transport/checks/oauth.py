"""Whether clients could log in, where the site means them to."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from mcp_transport.auth.resources import announced
from mcp_transport.conf import settings


@register()
def check_public_url(**_: Any) -> list[CheckMessage]:
    """A token is good for an address, which no request can be believed to know."""
    if settings.MCP_PUBLIC_URL is not None or not announced():
        return []
    return [
        Error(
            "Clients are to log in, and MCP_PUBLIC_URL does not say under which address they"
            " reach the site; until then no token of an authorization server is accepted.",
            hint='Set MCP_PUBLIC_URL to its origin, like "https://example.com".',
            id="mcp.E051",
        )
    ]
