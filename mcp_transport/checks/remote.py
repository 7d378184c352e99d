"""Whether each server of MCP_REMOTE is configured so that it could be reached, safely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from mcp_transport.conf import settings
from mcp_transport.rules import RULES
from mcp_transport.sources.remote.configuration import SETTING, problems

SOURCE = "mcp_transport.sources.remote.source.RemoteSource"
HINT = "docs/howto/remote-servers.md lists what a server takes."
LOCAL = ("127.0.0.1", "localhost", "::1")


@register()
def check_upstreams(**_: Any) -> list[CheckMessage]:
    """Everything that is said of a server has its kind and form."""
    return [
        Error(problem, hint=HINT, id="mcp.E061")
        for alias, given in configured().items()
        for problem in problems(alias, given, configured())
    ]


@register()
def check_are_reached(**_: Any) -> list[CheckMessage]:
    """Servers are reached by their source, which needs a package."""
    return list(lacking()) if configured() else []


@register()
def check_remote_encryption(**_: Any) -> list[CheckMessage]:
    """A credential that travels in the clear is read on its way."""
    return [
        CheckWarning(
            f"{SETTING}[{alias!r}] sends a credential without TLS.",
            hint="Name an address with https://.",
            id="mcp.W060",
        )
        for alias, given in configured().items()
        if not any(problems(alias, given)) and is_exposed(given)
    ]


def configured() -> Mapping[str, Any]:
    """The servers by alias; none when the setting itself is wrong."""
    given: Mapping[str, Any] = settings.MCP_REMOTE
    return {} if any(RULES[SETTING].problems(given)) else given


def lacking() -> Iterator[CheckMessage]:
    """What has to be there for them to be reached."""
    if SOURCE not in settings.MCP_SOURCES:
        yield Error(
            f"{SETTING} names servers, and MCP_SOURCES does not name what reaches them.",
            hint=f"Add {SOURCE!r} to MCP_SOURCES, or remove {SETTING}.",
            id="mcp.E062",
        )
    if find_spec("httpx") is None:
        yield Error(
            f"{SETTING} needs the package httpx, which is not installed.",
            hint="Install django-mcp-transport with the extra 'remote'.",
            id="mcp.E063",
        )


def is_exposed(given: Mapping[str, Any]) -> bool:
    """Whether credentials go to an address without TLS."""
    auth = given.get("auth") or {}
    grant = auth.get("client_credentials") or {}
    has_credential = bool(auth or given.get("headers"))
    urls = [given["url"]] if has_credential else []
    urls += [grant["token_url"]] if grant else []
    return any(is_plain(url) for url in urls)


def is_plain(url: str) -> bool:
    """Whether an address is of another machine, and without TLS."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in LOCAL
