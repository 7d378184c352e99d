"""``mcp sources``."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mcp_transport.engine.catalog import definitions_of
from mcp_transport.engine.source import Health, Source
from mcp_transport.management.subcommands import asking
from mcp_transport.management.subcommands.base import Subcommand

KINDS = ("tool", "resource", "template", "prompt")
Row = tuple[object, ...]


class Sources(Subcommand):
    """List where entries come from, how many there are, and what does not answer."""

    def run(self, options: dict[str, Any]) -> None:
        """Print one line for each origin."""
        head = ("ORIGIN", "SOURCE", "TOOLS", "RESOURCES", "TEMPLATES", "PROMPTS", "STATE")
        self.write_table(head, asyncio.run(_rows()))


async def _rows() -> list[Row]:
    async with asking.working_engine() as process:
        sources = process.directory.sources
        await process.rows.run(_refresh, sources)
        return [row for source in sources for row in _rows_of(source)]


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
