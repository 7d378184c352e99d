"""What the settings say of every server of others, each with its rule."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_transport.rules import SECONDS, YES_OR_NO, Choice, Rule, Words, shown

Problems = Callable[[Any, Any, Iterable[Any]], Iterator[str]]

ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Codename(Rule):
    """A permission of Django's."""

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, str) or not re.fullmatch(r"\w+\.\w+", value, re.ASCII):
            yield f'is {shown(value)}; it is an app label and a codename, "shop.view_order".'


def about_the_alias(alias: Any, others: Iterable[Any], *, noun: str) -> Iterator[str]:
    """Say what is wrong with the name of one; with it begin the names of what it offers."""
    if not isinstance(alias, str) or not ALIAS.fullmatch(alias):
        yield "is no alias; one has up to 31 of a-z, 0-9, _ and -, a letter first."
    for other in others:  # "a" may have a tool called "b_c"
        if str(alias).startswith(f"{other}_"):
            yield (
                f"begins with the alias {other!r} and _, so that the {noun} {other!r} could"
                f" have tools with the names of its own; write {alias.replace('_', '-')!r}."
            )


def usable(
    setting: str, configured: Any, problems: Problems, *, noun: str, logger: logging.Logger
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield those of a setting, by alias; one that ``manage.py check`` refuses is left out."""
    if not isinstance(configured, Mapping):
        logger.error("%s is no dictionary of %ss by alias.", setting, noun)
        return
    for alias, given in configured.items():
        wrong = list(problems(alias, given, configured))
        if wrong:
            logger.error("%s", " ".join(wrong))
        else:
            yield alias, given


GRANTS: Mapping[str, Rule] = {
    "per": Choice(words=("principal", "session", "process")),
    "permission": Codename(),
    "roots": Words(form=r"file:///.*", example="a file:/// address"),
    "questions": YES_OR_NO,
    "start_timeout": SECONDS,
    "call_timeout": SECONDS,
    "idle_timeout": SECONDS,
}
