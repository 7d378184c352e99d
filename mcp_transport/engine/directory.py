"""
Which servers there are, and what each of them offers.

Rows are read in a thread and kept for MCP_ROW_CACHE_SECONDS; a catalog is only
built again when its row or a source has changed.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.core.validators import slug_re

from mcp_transport.conf import settings
from mcp_transport.engine.catalog import Catalog, Key, Override, build
from mcp_transport.engine.source import Source
from mcp_transport.limits.limit import Limit, ServerLimits, chosen
from mcp_transport.models import EntryOverride, Server
from mcp_transport.models.server import EVERYTHING, normal_origin
from mcp_transport.protocol.errors import Refused
from mcp_transport.protocol.revisions import SUPPORTED
from mcp_transport.protocol.shortening import shown
from mcp_transport.storage.readings import Parameter, Reading
from mcp_transport.storage.rows import RowPool
from mcp_transport.version import __version__

logger = logging.getLogger("mcp_transport.sources")

DEFAULT = ""  # the slug of the path without one
CACHE_LIMIT = 1000  # slugs, known or not
LONGEST_SLUG: int = Server._meta.get_field("slug").max_length or 0


class ServerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A server row as requests see it."""

    id: int
    slug: str
    title: str
    description: str
    instructions: str
    access: str
    permission: str
    offers: tuple[str, ...]
    overrides: dict[Key, Override]
    origins: frozenset[str] = frozenset()  # of pages that may call, beside the site's
    revisions: tuple[str, ...] = SUPPORTED  # newest first
    transports: frozenset[str] = frozenset()  # empty: every one that the site serves
    rate: int | None = None
    concurrency: int | None = None
    principal_rate: int | None = None
    principal_concurrency: int | None = None

    def has(self, owner: str, name: str) -> bool:
        """Whether the server offers an entry of an owner."""
        offers = self.offers
        return EVERYTHING in offers or owner in offers or f"{owner}:{name}" in offers

    def is_served_over(self, transport: str) -> bool:
        """Whether the operator lets clients come over a transport."""
        return not self.transports or transport in self.transports


class Offer(msgspec.Struct, frozen=True):
    """A server, its catalog, who it says it is in the newest form, and how often it may be asked."""

    server: ServerRecord
    catalog: Catalog
    identity: dict[str, Any]
    limits: ServerLimits | None = None  # None where neither it nor an entry has any


def served(offer: Offer | None, slug: str, transport: str) -> Offer:
    """
    The server that a client may reach over a transport.

    Raises Refused for one that is not there, or not that way.
    """
    if offer is None:
        if "/" in slug:
            raise Refused(404, f"There is nothing at {shown(slug)} here; look at the address.")
        raise Refused(404, f"There is no server {shown(slug)} here.")
    if not offer.server.is_served_over(transport):
        raise Refused(404, f"The server {slug!r} is not served over {transport}.")
    return offer


class Cached(msgspec.Struct):
    """What was found under a slug, and when it was looked for."""

    offer: Offer | None
    generations: tuple[int, ...]
    read_at: float  # monotonic seconds


class Directory:
    """The servers of the site, for this worker process."""

    def __init__(self, sources: Sequence[Source], pool: RowPool) -> None:
        self.sources = sources
        self._pool = pool
        self._lifetime = settings.MCP_ROW_CACHE_SECONDS
        self._cache: dict[str, Cached] = {}
        self._forgotten = 0  # times
        #: Catalogs that were built and whose definitions nobody has kept yet, by server.
        self.unpublished: dict[int, Catalog] = {}
        self._loading: dict[str, asyncio.Future[ServerRecord | None]] = {}

    def find_cached(self, slug: str) -> Offer | None:
        """A server that was read a moment ago, without waiting."""
        cached = self._cache.get(slug)
        if cached is None or time.monotonic() - cached.read_at > self._lifetime:
            return None
        return cached.offer

    def last_known(self, slug: str) -> Offer | None:
        """A server as it was when it was last read, however long ago."""
        cached = self._cache.get(slug)
        return None if cached is None else cached.offer

    async def find(self, slug: str) -> Offer | None:
        """An enabled server, or None."""
        cached = self._cache.get(slug)
        if cached is not None and time.monotonic() - cached.read_at <= self._lifetime:
            return cached.offer
        # Before anything is read or kept: slugs come from addresses that anybody may ask for.
        if slug and (len(slug) > LONGEST_SLUG or not slug_re.match(slug)):
            return None  # no server is called that, and a database may not take it as text
        before = self._forgotten
        offer = self._keep(slug, await self._load(slug))
        if before != self._forgotten:  # while the row was read
            self._cache[slug].read_at = -math.inf
        return offer

    def forget(self) -> None:
        """Believe nothing that is kept, so that the next request reads the rows."""
        self._loading.clear()
        self._forgotten += 1
        for cached in self._cache.values():  # its catalog is good if the row turns out the same
            cached.read_at = -math.inf

    async def _load(self, slug: str) -> ServerRecord | None:
        """Read a row once for all who ask for it at the same time."""
        loading = self._loading.get(slug)
        if loading is None:
            loading = asyncio.ensure_future(self._pool.read(self._read, slug))
            self._loading[slug] = loading
            loading.add_done_callback(lambda _done: self._loading.pop(slug, None))
        # Shielded: who leaves does not take the row from the others.
        return await asyncio.shield(loading)

    def _read(self, slug: str) -> ServerRecord | None:
        for source in self.sources:
            source.refresh()
        return load(slug)

    def _keep(self, slug: str, record: ServerRecord | None) -> Offer | None:
        # Before the catalog is built: a source that changes meanwhile makes it old, not wrong.
        generations = tuple(source.generation() for source in self.sources)
        before = self._cache.get(slug)
        offer = None
        if record is not None:
            catalog = self._catalog(record, generations, before)
            offer = Offer(record, catalog, identify(record), limits_of(record, catalog))
        if len(self._cache) >= CACHE_LIMIT:  # a flood of slugs that do not exist
            known = {slug: kept for slug, kept in self._cache.items() if kept.offer is not None}
            self._cache = known if len(known) < CACHE_LIMIT else {}
        self._cache[slug] = Cached(offer, generations, time.monotonic())
        return offer

    def _catalog(
        self, record: ServerRecord, generations: tuple[int, ...], before: Cached | None
    ) -> Catalog:
        if before is not None and before.offer is not None:
            is_same = before.generations == generations and before.offer.server == record
            if is_same:
                return before.offer.catalog
        catalog = catalog_of(record, self.sources)
        told = before.offer.catalog.hidden if before is not None and before.offer else ()
        for hidden in catalog.hidden:
            if hidden not in told:
                logger.warning("Server %r: %s", record.slug, hidden)
        self.unpublished[record.id] = catalog
        return catalog


def catalog_of(record: ServerRecord, sources: Sequence[Source]) -> Catalog:
    """What a server offers out of these sources."""
    return build(sources, record.has, record.overrides)


def identify(server: ServerRecord) -> dict[str, Any]:
    """The Implementation that a server says it is."""
    info = {"name": server.slug, "version": __version__}
    if server.title:
        info["title"] = server.title
    if server.description:
        info["description"] = server.description
    return info


def limits_of(server: ServerRecord, catalog: Catalog) -> ServerLimits | None:
    """What the row says, and the settings where it says nothing."""

    def limit(rate: int | None, concurrency: int | None, name: str) -> Limit:
        return Limit(
            chosen(rate, getattr(settings, f"MCP_{name}RATE_LIMIT")),
            chosen(concurrency, getattr(settings, f"MCP_{name}CONCURRENCY_LIMIT")),
        )

    limits = ServerLimits(
        key=str(server.id),
        whole=limit(server.rate, server.concurrency, "SERVER_"),
        principal=limit(server.principal_rate, server.principal_concurrency, ""),
        anonymous=limit(server.principal_rate, server.principal_concurrency, "ANONYMOUS_"),
    )
    return limits if limits.are_limiting or catalog.is_limited else None


def load(slug: str) -> ServerRecord | None:
    """Read the enabled server of a slug, or the default one."""
    server, overrides = BY_SLUG if slug else THE_DEFAULT
    found = server.instances(slug=slug)
    return record_of(found[0], overrides.instances(slug=slug)) if found else None


def _readings(**names_it: Any) -> tuple[Reading[Server], Reading[EntryOverride]]:
    """What reads a server, and the overrides of its entries."""
    of_server = {f"server__{name}": value for name, value in names_it.items()}
    return (
        Reading(lambda: Server.objects.filter(is_enabled=True, **names_it)),
        Reading(lambda: EntryOverride.objects.filter(**of_server)),
    )


BY_SLUG = _readings(slug=Parameter("slug"))
THE_DEFAULT = _readings(is_default=True)


def record_of(row: Server, rows: Iterable[EntryOverride] | None = None) -> ServerRecord:
    """Return a server row, with the rows of its overrides, as requests see it."""
    changed = row.overrides.all() if rows is None else rows
    return ServerRecord(
        id=row.pk,
        slug=row.slug,
        title=row.title,
        description=row.description,
        instructions=row.instructions,
        access=row.access,
        permission=row.permission,
        offers=tuple(row.offers),
        overrides={(o.kind, o.name): Override(**_changes(o)) for o in changed},
        origins=frozenset(normal_origin(origin) for origin in row.allowed_origins),
        revisions=tuple(n for n in SUPPORTED if n in row.revisions) or SUPPORTED,
        transports=frozenset(row.transports),
        rate=row.rate,
        concurrency=row.concurrency,
        principal_rate=row.principal_rate,
        principal_concurrency=row.principal_concurrency,
    )


def _changes(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in Override.__struct_fields__}
