"""Whether each setting is what ``mcp_transport.rules`` says it has to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.utils.module_loading import import_string

from mcp_transport.bus.base import Bus
from mcp_transport.conf import Settings, settings
from mcp_transport.rules import RULES

# Headers whose value is a credential, which a tool could hand on to somebody else.
CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@register()
def check_values(**_: Any) -> list[CheckMessage]:
    """Every setting has a value of its kind and within its bounds."""
    return [
        Error(f"{name} {problem}", hint=remedy(name), id=rule.id)
        for name, rule in RULES.items()
        for problem in rule.problems(getattr(settings, name))
    ]


def remedy(name: str) -> str:
    """What to do about a wrong value."""
    default = f"Remove the setting to get the default, {getattr(Settings, name)!r}."
    return RULES[name].remedy or default


@register()
def check_names(**_: Any) -> list[CheckMessage]:
    """A setting that nobody reads was probably mistyped."""
    declared = set(Settings.__annotations__)
    unknown = sorted(n for n in dir(django_settings) if n.startswith("MCP_") and n not in declared)
    return [
        CheckWarning(
            f"{name} is set, but no such setting is read.",
            hint=suggestion(name, declared),
            id="mcp.W001",
        )
        for name in unknown
    ]


def suggestion(name: str, declared: set[str]) -> str:
    """The setting that was probably meant."""
    close = get_close_matches(name, sorted(declared), n=1, cutoff=0.75)
    return f"Did you mean {close[0]}?" if close else "Correct its spelling or remove it."


@register()
def check_bus(**_: Any) -> list[CheckMessage]:
    """Every bus backend checks itself."""
    return [message for _alias, bus in buses() for message in bus.check()]


def buses() -> Iterator[tuple[str, Bus]]:
    """The configured backends, by alias; none when MCP_BUS itself is wrong."""
    configured: Mapping[str, Any] = settings.MCP_BUS
    if not any(RULES["MCP_BUS"].problems(configured)):
        for alias, backend in configured.items():
            yield alias, import_string(backend["BACKEND"])(**backend.get("OPTIONS", {}))


@register()
def check_context_headers(**_: Any) -> list[CheckMessage]:
    """A credential belongs to this site, not to whatever a tool calls."""
    if any(RULES["MCP_CONTEXT_HEADERS"].problems(settings.MCP_CONTEXT_HEADERS)):
        return []
    named = sorted(CREDENTIAL_HEADERS & {name.lower() for name in settings.MCP_CONTEXT_HEADERS})
    return [
        CheckWarning(
            f"MCP_CONTEXT_HEADERS lets tools read {name!r}, which is a credential.",
            hint="Remove it; a tool knows who asks by ctx.user.",
            id="mcp.W004",
        )
        for name in named
    ]
