"""
What servers offer, for whoever looks at their rows and serves no request.

Built by the same code as the catalogs of requests, and from the same sources
where the process serves clients; another one, which may show an operator's
page as well, has its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from django.utils.module_loading import import_string

from mcp_transport.conf import settings
from mcp_transport.engine.catalog import (
    FEATURE_OF_KIND,
    NO_OVERRIDE,
    Catalog,
    Hidden,
    Key,
    Offered,
    Override,
    build,
    definitions_of,
    own_name,
)
from mcp_transport.engine.directory import ServerRecord, record_of
from mcp_transport.engine.source import Health, Source
from mcp_transport.models import EntryOverride, Server

TEXTS = "texts"  # what the source of texts is called


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where entries come from, and what a server's offers call it."""

    owner: str
    source: str
    entries: tuple[Key, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One entry of a server: as its source has it, and as clients see it."""

    kind: str
    name: str  # what its source calls it
    original: Offered
    seen: Offered | None  # None for one that is switched off, or hidden by one of the same name
    override: EntryOverride | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Everything that a server offers, and what of it is switched off."""

    record: ServerRecord
    catalog: Catalog  # with what is switched off
    overrides: dict[Key, Override]

    def entries(self) -> Iterator[Offered]:
        """Every entry, by kind."""
        for kind in FEATURE_OF_KIND:
            yield from self.catalog.of_kind(kind).values()

    def find(self, kind: str, name: str) -> Offered | None:
        """The entry that its source calls by a name."""
        table = self.catalog.of_kind(kind) if kind in FEATURE_OF_KIND else {}
        found = (entry for entry in table.values() if own_name(entry.definition) == name)
        return next(found, None)

    def override(self, entry: Offered) -> Override:
        """What the server changes about an entry."""
        return self.overrides.get((entry.kind, own_name(entry.definition)), NO_OVERRIDE)

    def is_on(self, entry: Offered) -> bool:
        """Whether clients find the entry."""
        return self.override(entry).is_enabled


def shelf_of(server: Server, sources: Sequence[Source] | None = None) -> Shelf:
    """What a server offers, by its rows as they are now."""
    record = record_of(server)
    everything = {
        key: msgspec.structs.replace(override, is_enabled=True)
        for key, override in record.overrides.items()
    }
    return Shelf(
        record=record,
        catalog=build(site_sources() if sources is None else sources, record.has, everything),
        overrides=record.overrides,
    )


def survey(server: Server) -> Iterator[Surveyed]:
    """Yield every entry that a server offers or would, in the order of its lists."""
    record, sources = record_of(server), site_sources()
    rows = {(row.kind, row.name): row for row in server.overrides.all()}
    seen = _by_key(build(sources, record.has, record.overrides))
    for key, original in _by_key(build(sources, record.has, {})).items():
        yield Surveyed(
            kind=key[0],
            name=key[1],
            original=original,
            seen=seen.get(key),
            override=rows.get(key),
        )


def _by_key(catalog: Catalog) -> dict[Key, Offered]:
    return {
        (kind, own_name(entry.definition)): entry
        for kind in FEATURE_OF_KIND
        for entry in catalog.of_kind(kind).values()
    }


def origins() -> list[Origin]:
    """What every source has, by owner; none is left out for being offered by nobody."""
    found: dict[tuple[str, str], list[Key]] = {}
    for source in site_sources():
        found.update({(owner, source.name): [] for owner in source.owners()})
        for kind, definition in definitions_of(source):
            owner = (source.owner(definition), source.name)
            found.setdefault(owner, []).append((kind, own_name(definition)))
    return [
        Origin(owner=owner, source=source, entries=tuple(entries))
        for (owner, source), entries in sorted(found.items())
    ]


def hidden_by_others(sources: Sequence[Source]) -> Sequence[Hidden]:
    """What clients of a server that offers everything could not find."""
    return build(sources, lambda _owner, _name: True, {}).hidden


def clash_of_text(kind: str, name: str) -> str:
    """Say which entry clients would find instead of a text called that; empty for none."""
    is_taken = any(
        (kind, name) == (its_kind, own_name(definition))
        for source in site_sources()
        if source.name != TEXTS
        for its_kind, definition in definitions_of(source)
    )
    return f"An app of this site has the {kind} {name!r} already." if is_taken else ""


def site_sources(kind: str = "") -> Sequence[Source]:
    """
    The sources of the settings, with what stands in their tables now; makes queries.

    If a kind of entry is named, only what may be of that kind is read again.
    """
    sources = known_sources()
    for source in sources:
        if not kind or kind in source.kinds:
            source.refresh()
    return sources


def away() -> list[Health]:
    """What sources depend on and is not there now."""
    # Nothing that has a table of its own can be away, and has it read for this time and again.
    sources = site_sources("tool")
    return [health for source in sources for health in source.health() if not health.is_well]


def known_sources() -> Sequence[Source]:
    """
    The sources of the settings as they were last read; makes no query.

    In a worker process those that serve its clients, which are started and
    have loaded what they need.
    """
    paths = tuple(settings.MCP_SOURCES)
    return _serving[1] if _serving is not None and _serving[0] == paths else _made(paths)


_serving: tuple[tuple[str, ...], Sequence[Source]] | None = None


def show(sources: Sequence[Source]) -> None:
    """Show operators the sources that serve the clients of this process."""
    global _serving
    _serving = (tuple(settings.MCP_SOURCES), sources)
    _made.cache_clear()


def hide(sources: Sequence[Source]) -> None:
    """Show them no more: they are about to be stopped."""
    global _serving
    if _serving is not None and _serving[1] is sources:
        _serving = None


@lru_cache(maxsize=8)
def _made(paths: tuple[str, ...]) -> tuple[Source, ...]:
    return tuple(import_string(path)() for path in paths)
