"""Whether each document of MCP_OPENAPI is configured so that it could be read and called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from mcp_transport.conf import settings
from mcp_transport.rules import RULES
from mcp_transport.sources.openapi.configuration import SETTING, problems

SOURCE = "mcp_transport.sources.openapi.source.OpenApiSource"
PACKAGES = {"httpx": "httpx", "yaml": "PyYAML"}
HINT = "docs/howto/openapi.md lists what a document takes."


@register()
def check_documents(**_: Any) -> list[CheckMessage]:
    """Everything that is said of a document has its kind and form."""
    return [
        Error(problem, hint=HINT, id="mcp.E041")
        for alias, given in configured().items()
        for problem in problems(alias, given)
    ]


@register()
def check_is_served(**_: Any) -> list[CheckMessage]:
    """Documents are read by their source, which needs two packages."""
    if not configured():
        return []
    return list(lacking())


@register()
def check_encryption(**_: Any) -> list[CheckMessage]:
    """A credential that travels in the clear is read on its way."""
    return [
        CheckWarning(
            f"{SETTING}[{alias!r}] sends a credential without TLS.",
            hint="Name an address with https://.",
            id="mcp.W040",
        )
        for alias, given in configured().items()
        if not any(problems(alias, given)) and is_exposed(given)
    ]


def configured() -> Mapping[str, Any]:
    """The documents by alias; none when the setting itself is wrong."""
    given: Mapping[str, Any] = settings.MCP_OPENAPI
    return {} if any(RULES[SETTING].problems(given)) else given


def lacking() -> Iterator[CheckMessage]:
    """What has to be there for documents to be served."""
    if SOURCE not in settings.MCP_SOURCES:
        yield Error(
            f"{SETTING} names documents, and MCP_SOURCES does not name what reads them.",
            hint=f"Add {SOURCE!r} to MCP_SOURCES, or remove {SETTING}.",
            id="mcp.E042",
        )
    for module, package in PACKAGES.items():
        if find_spec(module) is None:
            yield Error(
                f"{SETTING} needs the package {package}, which is not installed.",
                hint="Install django-mcp-transport with the extra 'openapi'.",
                id="mcp.E043",
            )


def is_exposed(given: Mapping[str, Any]) -> bool:
    """Whether credentials go to an address without TLS."""
    has_credential = bool(given.get("auth") or given.get("headers"))
    place = given.get("base_url") or str(given["document"])
    is_local = any(f"//{host}" in place for host in ("127.0.0.1", "localhost", "[::1]"))
    return has_credential and place.startswith("http://") and not is_local
