"""Whether each program of MCP_STDIO could be started, and is offered under a word of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from mcp_transport.conf import settings
from mcp_transport.rules import RULES
from mcp_transport.sources.stdio.configuration import SETTING, problems

SOURCE = "mcp_transport.sources.stdio.source.StdioSource"
HINT = "docs/howto/stdio-servers.md lists what a program takes."


@register()
def check_programs(**_: Any) -> list[CheckMessage]:
    """Everything that is said of a program has its kind and form, and the program is there."""
    return [
        Error(problem, hint=HINT, id="mcp.E031")
        for alias, given in configured().items()
        for problem in problems(alias, given, configured())
    ]


@register()
def check_are_started(**_: Any) -> list[CheckMessage]:
    """Programs are started by their source."""
    if not configured() or SOURCE in settings.MCP_SOURCES:
        return []
    return [
        CheckWarning(
            f"{SETTING} names programs, and MCP_SOURCES has nothing that would start them.",
            hint=f"Add {SOURCE!r} to MCP_SOURCES.",
            id="mcp.W035",
        )
    ]


@register()
def check_aliases(**_: Any) -> list[CheckMessage]:
    """What a server's offers call an app is no program, too."""
    taken = {*(config.label for config in apps.get_app_configs()), "texts"}
    return [
        CheckWarning(
            f"{SETTING}[{alias!r}] is called like an app of this site; a server that offers one"
            " offers both.",
            hint="Give the program another alias.",
            id="mcp.W036",
        )
        for alias in configured()
        if alias in taken
    ]


def configured() -> Mapping[str, Any]:
    """The programs by alias; none when the setting itself is wrong."""
    given: Mapping[str, Any] = settings.MCP_STDIO
    return {} if any(RULES[SETTING].problems(given)) else given
