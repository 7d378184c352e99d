"""The entries of a server as an operator goes through them: filtered, paged, as somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, QueryDict

from mcp_transport.admin import figures
from mcp_transport.admin.effects import effects_status
from mcp_transport.admin.filter_form import FilterForm
from mcp_transport.admin.parts import Pager, Status
from mcp_transport.admin.reversing import reverse
from mcp_transport.admin.viewpoint import Viewpoint, may_choose_users, viewpoints
from mcp_transport.audit.tallies import Entry, Figures
from mcp_transport.digits import read_number
from mcp_transport.engine.catalog import FEATURE_OF_KIND, Hidden, Offered, own_name
from mcp_transport.engine.offering import Shelf
from mcp_transport.models import EntryKind

SIZE = 50
MOST_HIDDEN = 20  # entries that are told of one by one
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
    first: int  # counted from 1, as the last one is
    last: int
    pager: Pager
    hidden: Sequence[Hidden]  # what clients cannot find, whatever the filter


class EntryForm(FilterForm):
    """What entries are chosen by, and as whom one looks at them."""

    q = forms.CharField(label="Name", required=False, widget=forms.SearchInput)
    kind = forms.ChoiceField(required=False, choices=[("", "all"), *EntryKind.choices])
    state = forms.ChoiceField(required=False, choices=STATES)

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.GET)
        # Who is chosen is judged by viewpoint(), which says why somebody cannot be.
        choices = forms.Select(choices=viewpoints(request))
        self.fields["as"] = forms.CharField(label="As seen by", required=False, widget=choices)
        if may_choose_users(request):
            unfilled = forms.TextInput(attrs={"autocomplete": "off"})
            self.fields["user"] = forms.CharField(required=False, widget=unfilled)


def entry_list(
    request: HttpRequest,
    form: EntryForm,
    server_id: int,
    *,
    shelf: Shelf,
    seen: Viewpoint,
    used: Used,
) -> EntryList:
    """The page of entries that a query string asks for, and the form that it fills."""
    wanted = request.GET
    query, kind, state = (form.said(name) for name in ("q", "kind", "state"))
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
        first=begin + 1,
        last=min(begin + SIZE, len(shown)),
        pager=Pager(
            newer=_at(wanted, page - 1) if page > 1 else "",
            older=_at(wanted, page + 1) if begin + SIZE < len(shown) else "",
            words=("Previous", "Next"),
        ),
        hidden=shelf.catalog.hidden[:MOST_HIDDEN],
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
