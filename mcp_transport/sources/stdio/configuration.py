"""What the settings say of one program: its keys, each with its rule."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.module_loading import import_string

from mcp_transport.rules import Number, Rule, is_words, shown
from mcp_transport.sources.foreign.configuration import GRANTS, about_the_alias

SETTING = "MCP_STDIO"
PROBLEM_ID = "mcp.E031"


def problems(alias: Any, given: Any, others: Iterable[Any] = ()) -> Iterator[str]:
    """Say what is wrong with a program, each as a sentence; secrets are never repeated."""
    found = (*about_the_alias(alias, others, noun="program"), *_about_the_program(given))
    yield from (f"{SETTING}[{alias!r}] {problem}" for problem in found)


def _about_the_program(given: Any) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield "is a dictionary with a command."
        return
    known = {"command", "cwd", "environment", *OPTIONS}
    for name in sorted(set(map(str, given)) - known):
        yield f"has the unknown key {shown(name)}; there are {', '.join(sorted(known))}."
    yield from _about_the_start(given)
    if given.get("per") == "process" and "environment_of" in given:
        yield "has ['environment_of'], but all callers share its process; leave out one of them."
    for name, rule in OPTIONS.items():
        if name in given:
            yield from (f"[{name!r}] {problem}" for problem in rule.problems(given[name]))


def _about_the_start(program: Mapping[str, Any]) -> Iterator[str]:
    cwd, environment = program.get("cwd"), program.get("environment", {})
    if cwd is not None and not (isinstance(cwd, str) and os.path.isabs(cwd)):
        yield f"['cwd'] is {shown(cwd)}; it is an absolute path."
    elif cwd is not None and not os.path.isdir(cwd):
        yield f"['cwd'] is {shown(cwd)}, and there is no such folder."
    if not isinstance(environment, Mapping) or not all(map(is_variable, environment.items())):
        yield "['environment'] is a dictionary of names of variables to strings."
        environment = {}
    command = program.get("command")
    if not is_words(command) or isinstance(command, set | frozenset) or not command:
        yield "['command'] is a list: the program, then each of its arguments; no shell reads it."
    elif _found(command[0], cwd, environment) is None:
        yield f"['command'] begins with {shown(command[0])}, and there is no such program."


def _found(program: str, cwd: Any, environment: Mapping[str, str]) -> str | None:
    """Where a program is; one that is named with a folder is looked for from where it starts."""
    if os.path.dirname(program) and isinstance(cwd, str):
        program = os.path.join(cwd, program)
    return shutil.which(program, path=environment.get("PATH"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Rule):
    """A function, by its dotted path."""

    id: ClassVar[str] = PROBLEM_ID

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, str):
            yield f"is {shown(value)}; it is the dotted path of a function."
            return
        try:
            named = import_string(value)
        except ImportError as exc:
            yield f"is {shown(value)}, which cannot be imported ({exc})."
            return
        if not callable(named):
            yield f"is {shown(value)}, which is no function."


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts(Rule):
    """Whole numbers under names that are known."""

    id: ClassVar[str] = PROBLEM_ID
    names: tuple[str, ...]

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping) or not set(value) <= set(self.names):
            yield f"is a dictionary whose keys are of {', '.join(self.names)}."
            return
        for name, amount in value.items():
            for problem in Number(minimum=0).problems(amount):
                yield f"[{name!r}] {problem}"


def is_variable(item: tuple[object, object]) -> bool:
    """Whether an environment can hold a name with a value."""
    name, value = item
    is_named = isinstance(name, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None
    return is_named and isinstance(value, str) and "\0" not in value


OPTIONS: Mapping[str, Rule] = {
    **GRANTS,
    "environment_of": Named(),
    "max_children": Number(maximum=1000),
    "limits": Amounts(names=("memory", "cpu_seconds", "file_size", "open_files", "processes")),
}
