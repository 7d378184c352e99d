"""``mcp sources``."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mcp_transport.engine.catalog import definitions_of
from mcp_transport.engine.offering import hidden_by_others
from mcp_transport.engine.source import Health, Source
from mcp_transport.management.subcommands import asking
from mcp_transport.management.subcommands.base import Subcommand

HEAD = ("ORIGIN", "SOURCE", "TOOLS", "RESOURCES", "TEMPLATES", "PROMPTS", "STATE")
KINDS = ("tool", "resource", "template", "prompt")
Row = tuple[object, ...]


class Sources(Subcommand):
    """List where entries come from, how many there are, and what does not answer."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("origin", nargs="?", help="say all about this one")

    def run(self, options: dict[str, Any]) -> None:
        """Print one line for each origin, or one of them and what it leaves out."""
        rows, remarks = asyncio.run(_survey())
        if wanted := options["origin"]:
            rows = [row for row in rows if row[0] == wanted]
            if not rows:
                raise CommandError(f"There is no origin {wanted!r}; `mcp sources` lists them.")
        self.write_table(HEAD, rows)
        for remark in remarks.get(wanted, ()):
            self.stdout.write(remark)


async def _survey() -> tuple[list[Row], dict[str, list[str]]]:
    """A row for each origin, and what some have to say beside it."""
    async with asking.working_engine() as process:
        sources = process.directory.sources
        await process.rows.run(_refresh, sources)
        rows = [row for source in sources for row in _rows_of(source)]
        told = [health for source in sources for health in source.health()]
        hidden = hidden_by_others(sources)
    remarks = {health.owner: list(health.remarks) for health in told}
    for one in hidden:
        remarks.setdefault(one.owner, []).append(str(one))
    counts = Counter(one.owner for one in hidden)
    return [(*row[:-1], _with_hidden(str(row[-1]), counts[str(row[0])])) for row in rows], remarks


def _with_hidden(state: str, count: int) -> str:
    """What is said of an origin, and how many of its entries clients cannot find."""
    return ", ".join(filter(None, (state, f"{count} hidden" if count else "")))


def _refresh(sources: Sequence[Source]) -> None:
    for source in sources:
        source.refresh()


def _rows_of(source: Source) -> list[Row]:
    states = {health.owner: health for health in source.health()}
    counts: dict[str, Counter[str]] = {owner: Counter() for owner in states}
    for kind, definition in definitions_of(source):
        counts.setdefault(source.owner(definition), Counter())[kind] += 1
    return [
        (owner, source.name, *(found[kind] for kind in KINDS), _state(states.get(owner)))
        for owner, found in sorted(counts.items())
    ]


def _state(health: Health | None) -> str:
    if health is None:
        return ""
    return health.text if health.is_well else f"away: {health.text}"
