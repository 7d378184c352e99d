"""The programs that the settings name, and what of this process they may see."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.module_loading import import_string

from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings
from mcp_transport.sources.foreign.configuration import usable
from mcp_transport.sources.foreign.origin import Origin
from mcp_transport.sources.stdio.configuration import SETTING, is_variable, problems

logger = logging.getLogger("mcp_transport.stdio")

#: What a program may know of the worker process's environment; never a secret of the site.
INHERITED = (
    "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LOGNAME",
    "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
)  # fmt: skip

Limits = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Origin):
    """A program, and how its children are run."""

    setting: ClassVar[str] = SETTING
    source: ClassVar[str] = "stdio"
    noun: ClassVar[str] = "program"
    units: ClassVar[str] = "processes"
    complaint: ClassVar[str] = "does not start"

    command: tuple[str, ...] = field(repr=False)  # an argument may be a secret
    cwd: str | None = None
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    environment_of: str | None = None  # a function that adds what its owner's child may know
    max_children: int = 8
    limits: Limits = (("open_files", 1024),)

    @property
    def most_units(self) -> int:
        """See Origin.most_units."""
        return self.max_children

    def variables(self, added: Mapping[str, str]) -> dict[str, str]:
        """The environment of a child: a few of this process's variables, and its own."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {**inherited, **dict(self.environment), **added}

    def variables_of(self, principal: Principal) -> dict[str, str]:
        """
        What the child of a principal knows beside that; may make queries.

        Raises ToolError for what the caller should read, TypeError for what is
        no environment.
        """
        if self.environment_of is None:
            return {}
        added = import_string(self.environment_of)(principal)
        if not isinstance(added, Mapping) or not all(map(is_variable, added.items())):
            raise TypeError(f"{self.environment_of} returned what is no environment.")
        return dict(added)


def programs() -> tuple[Program, ...]:
    """Those of the settings; one that ``manage.py check`` refuses is left out."""
    good = usable(SETTING, settings.MCP_STDIO, problems, noun="program", logger=logger)
    return tuple(_program(alias, given) for alias, given in good)


def _program(alias: str, options: Mapping[str, Any]) -> Program:
    taken = dict(options)
    taken["command"] = tuple(taken["command"])
    taken["environment"] = tuple(taken.get("environment", {}).items())
    taken["roots"] = tuple(taken.get("roots", ()))
    taken["limits"] = tuple({"open_files": 1024, **taken.get("limits", {})}.items())
    return Program(alias=alias, **taken)
