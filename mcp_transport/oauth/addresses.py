"""
The addresses of the authorization server, by settings alone.

What a request says of the site's name, or of the path below which it stands,
is a client's word.
"""

from __future__ import annotations

from django.conf import settings as django_settings
from django.urls import NoReverseMatch, get_script_prefix, reverse

from mcp_transport.conf import settings

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def issuer() -> str:
    """What the authorization server is called; empty without MCP_PUBLIC_URL."""
    return settings.MCP_PUBLIC_URL or ""


def path_of(name: str) -> str:
    """The path of an endpoint; empty where the site has not included it."""
    try:
        path = reverse(f"mcp_oauth:{name}")
    except NoReverseMatch:
        return ""
    below = path[len(get_script_prefix()) :]
    return f"{(django_settings.FORCE_SCRIPT_NAME or '').rstrip('/')}/{below}"


def address_of(name: str) -> str:
    """Where clients reach an endpoint."""
    return issuer() + path_of(name)
