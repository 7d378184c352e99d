"""The entries of a server as an operator goes through them: filtered, paged, as somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from mcp_transport.admin import figures
from mcp_transport.admin.effects import effects_status
from mcp_transport.admin.parts import Status
from mcp_transport.admin.viewpoint import Viewpoint
from mcp_transport.audit.tallies import Entry, Figures
from mcp_transport.digits import read_number
from mcp_transport.engine.catalog import FEATURE_OF_KIND, Offered, own_name
from mcp_transport.engine.offering import Shelf
from mcp_transport.models import EntryKind

SIZE = 50
LAST_PAGE = 9_999  # that may be asked for; there are fewer, and the last of them is shown
Used = Mapping[Entry, Figures]
STATES = (("", "all"), ("on", "on"), ("off", "off"), ("changed", "changed here"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry of the list."""

    name: str  # what clients call it
    own_name: str
    title: str
    kind: str
    kind_value: str
    href: str
    is_on: bool
    is_changed: bool
    permission: str
    effects: Status
    calls: str  # in the last 24 hours
    failed: str

    @property
    def state(self) -> Status:
        """Whether clients find it."""
        return Status("ok", "on") if self.is_on else Status("off", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryList:
    """A page of entries, and what leads to the others."""

    lines: Sequence[Line]
    total: int  # that fit the filter
    offered: int  # without a filter
    query: str
    kind: str
    state: str
    previous: str  # query strings
    next: str
    first: int  # counted from 1, as the last one is
    last: int
    is_filtered: bool

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """What can be chosen."""
        return [("", "all"), *EntryKind.choices]

    @property
    def states(self) -> Sequence[tuple[str, str]]:
        """What can be chosen."""
        return STATES


def entry_list(
    request: HttpRequest, server_id: int, shelf: Shelf, seen: Viewpoint, used: Used
) -> EntryList:
    """The page of entries that the query string asks for."""
    wanted = request.GET
    query, kind, state = (wanted.get(name, "").strip() for name in ("q", "kind", "state"))
    entries = list(shelf.entries())
    shown = [
        entry
        for entry in entries
        if _is_seen(shelf, entry, seen) and _fits(shelf, entry, query, kind, state)
    ]
    pages = max(1, -(-len(shown) // SIZE))
    page = min(read_number(wanted.get("page", ""), most=LAST_PAGE) or 1, pages)
    begin = (page - 1) * SIZE
    return EntryList(
        lines=[_line(server_id, shelf, entry, used) for entry in shown[begin : begin + SIZE]],
        total=len(shown),
        offered=len(entries),
        query=query,
        kind=kind,
        state=state,
        previous=_at(wanted, page - 1) if page > 1 else "",
        next=_at(wanted, page + 1) if begin + SIZE < len(shown) else "",
        first=begin + 1,
        last=min(begin + SIZE, len(shown)),
        is_filtered=bool(query or kind or state),
    )


def entry_url(server_id: int, kind: str, name: str) -> str:
    """The page of an entry, by what its source calls it."""
    return (
        f"{reverse('admin:mcp_entry', args=[server_id])}?{urlencode({'kind': kind, 'name': name})}"
    )


def _is_seen(shelf: Shelf, entry: Offered, seen: Viewpoint) -> bool:
    """Whether the one who looks finds the entry in a list: the rule that lists go by."""
    if seen.principal is None:
        return True
    return not seen.problem and shelf.is_on(entry) and entry.is_visible(seen.principal)


def _fits(shelf: Shelf, entry: Offered, query: str, kind: str, state: str) -> bool:
    if kind in FEATURE_OF_KIND and entry.kind != kind:
        return False
    if state in {"on", "off"} and shelf.is_on(entry) != (state == "on"):
        return False
    if state == "changed" and not _is_changed(shelf, entry):
        return False
    said = f"{entry.name}\n{own_name(entry.definition)}\n{entry.wire.get('title', '')}"
    return query.lower() in said.lower()


def _is_changed(shelf: Shelf, entry: Offered) -> bool:
    return (entry.kind, own_name(entry.definition)) in shelf.overrides


def _line(server_id: int, shelf: Shelf, entry: Offered, used: Used) -> Line:
    name = own_name(entry.definition)
    found = used.get(Entry(shelf.record.slug, entry.kind, entry.name), Figures())
    return Line(
        name=entry.name,
        own_name=name,
        title=entry.wire.get("title", ""),
        kind=EntryKind(entry.kind).label,
        kind_value=entry.kind,
        href=entry_url(server_id, entry.kind, name),
        is_on=shelf.is_on(entry),
        is_changed=_is_changed(shelf, entry),
        permission=entry.permission or "",
        effects=effects_status(entry),
        calls=figures.count(found.calls),
        failed=figures.share(found.failed, found.calls),
    )


def _at(wanted: QueryDict, page: int) -> str:
    changed = wanted.copy()
    changed["page"] = str(page)
    return f"?{changed.urlencode()}"
