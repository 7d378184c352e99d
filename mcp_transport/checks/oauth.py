"""Whether clients could log in, where the site means them to."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from mcp_transport.auth.issuers.configuration import SETTING, problems
from mcp_transport.auth.resources import announced
from mcp_transport.conf import settings
from mcp_transport.rules import RULES

AUTHENTICATOR = "mcp_transport.auth.issuers.authenticator.IssuerAuthenticator"
PACKAGES = ("httpx", "joserfc")
HINT = "docs/howto/identity-provider.md lists what an issuer takes."


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


@register()
def check_issuers(**_: Any) -> list[CheckMessage]:
    """Everything that is said of an issuer has its kind and form."""
    return [
        Error(problem, hint=HINT, id="mcp.E053")
        for url, options in named().items()
        for problem in problems(url, options)
    ]


@register()
def check_packages(**_: Any) -> list[CheckMessage]:
    """Tokens of issuers are read by their authenticator, which needs two packages."""
    if not named():
        return []
    messages: list[CheckMessage] = [
        Error(
            f"{SETTING} needs the package {package}, which is not installed.",
            hint="Install django-mcp-transport with the extra 'oauth'.",
            id="mcp.E054",
        )
        for package in PACKAGES
        if find_spec(package) is None
    ]
    if AUTHENTICATOR not in settings.MCP_AUTHENTICATORS:
        messages.append(
            CheckWarning(
                f"{SETTING} names issuers, and MCP_AUTHENTICATORS does not name what reads their tokens.",
                hint=f"Add {AUTHENTICATOR!r} to MCP_AUTHENTICATORS, or remove {SETTING}.",
                id="mcp.W050",
            )
        )
    return messages


def named() -> Mapping[str, Any]:
    """What the setting says of each issuer; nothing when it is wrong itself."""
    given: Mapping[str, Any] = settings.MCP_ISSUERS
    return {} if any(RULES[SETTING].problems(given)) else given
