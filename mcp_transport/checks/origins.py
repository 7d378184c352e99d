"""Whether each origin that a setting names has a name that sets its entries apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from django.core.checks import CheckMessage, Error, register

from mcp_transport.conf import settings
from mcp_transport.rules import RULES

#: The settings that name origins by alias; their tools are called ``<alias>_<name>`` by themselves.
ORIGINS = ("MCP_STDIO", "MCP_OPENAPI", "MCP_REMOTE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Something that a setting names, and what it says of it."""

    setting: str
    alias: str
    given: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.setting}[{self.alias!r}]"


def origins() -> Iterator[Origin]:
    """Every one, of settings that keep their rules; what is no dictionary is told elsewhere."""
    for setting in ORIGINS:
        given = getattr(settings, setting)
        if not any(RULES[setting].problems(given)):
            for alias, of_one in given.items():
                known = of_one if isinstance(of_one, Mapping) else {}
                yield Origin(setting=setting, alias=str(alias), given=known)


@register()
def check_origins(**_: Any) -> list[CheckMessage]:
    """No origin can have tools with the names of another's, whichever settings name them."""
    return [
        Error(
            f"{one} {relation(one.alias, other.alias)} {other}, so that the tools of both could"
            " have the same names.",
            hint="Give one of them another alias.",
            id="mcp.E025",
        )
        for one, other in permutations(origins(), 2)
        # Of one setting its own rule tells, which leaves the second out.
        if one.setting != other.setting
        and relation(one.alias, other.alias)
        # Two with the same alias are told of once.
        and (one.alias != other.alias or one.setting > other.setting)
    ]


def relation(alias: str, other: str) -> str:
    """How one alias could be taken for another: "a" may have a tool that is called "b_c"."""
    if alias == other:
        return "has the alias of"
    return "begins with the alias and _ of" if alias.startswith(f"{other}_") else ""
