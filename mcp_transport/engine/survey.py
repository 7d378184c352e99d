"""
Every entry that a server could offer, beside what its overrides make of it.

For operators: it asks the sources anew each time and builds catalogs, which no
request of a client does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from django.utils.module_loading import import_string

from mcp_transport.conf import settings
from mcp_transport.engine.catalog import FEATURE_OF_KIND, Catalog, Offered, build, own_name
from mcp_transport.engine.directory import record_of
from mcp_transport.engine.source import Source
from mcp_transport.models import EntryOverride, Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One entry of a server: as its source has it, and as clients see it."""

    kind: str
    name: str  # what its source calls it
    original: Offered
    seen: Offered | None  # None for one that is switched off, or hidden by one of the same name
    override: EntryOverride | None


def survey(server: Server) -> Iterator[Surveyed]:
    """Yield every entry that a server offers or would, in the order of its lists."""
    record = record_of(server)
    overrides = {(row.kind, row.name): row for row in server.overrides.all()}
    changed = {
        (kind, name): override
        for kind, by_name in record.overrides.items()
        for name, override in by_name.items()
    }
    sources = sources_of_site()
    for source in sources:
        source.refresh()
    seen = _by_own_name(build(sources, record.has, changed))
    for (kind, name), original in _by_own_name(build(sources, record.has, {})).items():
        yield Surveyed(
            kind=kind,
            name=name,
            original=original,
            seen=seen.get((kind, name)),
            override=overrides.get((kind, name)),
        )


def sources_of_site() -> Sequence[Source]:
    """Return the sources of MCP_SOURCES, made once."""
    return _sources(tuple(settings.MCP_SOURCES))


@cache
def _sources(paths: tuple[str, ...]) -> Sequence[Source]:
    return tuple(import_string(path)() for path in paths)


def _by_own_name(catalog: Catalog) -> dict[tuple[str, str], Offered]:
    return {
        (kind, own_name(entry.definition)): entry
        for kind in FEATURE_OF_KIND
        for entry in catalog.of_kind(kind).values()
    }
