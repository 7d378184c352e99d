"""The page of one entry on one server, and what an operator changes there."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
from django.contrib import messages
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch
from django.utils.http import url_has_allowed_host_and_scheme

from mcp_transport.admin import figures
from mcp_transport.admin.call_pages import calls_table
from mcp_transport.admin.effects import effects, effects_status
from mcp_transport.admin.entry_list import entry_url
from mcp_transport.admin.override_form import OverrideForm
from mcp_transport.admin.overview_parts import chart
from mcp_transport.admin.pages import render_page
from mcp_transport.admin.parts import Column, Copyable, Empty, Link, Status, Table, Tile
from mcp_transport.admin.reversing import reverse
from mcp_transport.admin.schema_table import schema_table
from mcp_transport.audit.operators import operator_of, recorded
from mcp_transport.audit.statistics import Statistics
from mcp_transport.audit.tallies import Entry, Window
from mcp_transport.engine.announcing import announce, wait_for_reports
from mcp_transport.engine.catalog import Offered, own_name
from mcp_transport.engine.offering import Shelf, shelf_of
from mcp_transport.models import Call, EntryKind, EntryOverride, PublishedDefinition, Server

if TYPE_CHECKING:
    from mcp_transport.admin.base import RecordedAdmin as Base
else:
    Base = object

TEMPLATE = "admin/mcp_transport/entry.html"
BYTES_OF_TOKEN = 4  # of JSON in English, on average: an estimate, and called one
MOST_CALLS = 20
MOST_DEFINITIONS = 10
View = Callable[..., HttpResponse]


class EntryPages(Base):
    """The views of entries, for the admin of servers."""

    found: Callable[..., Server]
    crumb: Callable[[], Link]

    def entry_views(self) -> dict[str, tuple[str, View]]:
        """The views by name, each with its address."""
        return {
            "mcp_entry": ("<int:pk>/entry/", self.entry_view),
            "mcp_entry_switch": ("<int:pk>/entry/switch/", self.entry_switch_view),
        }

    def entry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One entry; a POST changes what the server makes of it."""
        is_post = request.method == "POST"
        server = self.found(request, pk, to_change=is_post)
        prefetch_related_objects([server], "overrides")
        shelf = shelf_of(server)
        entry = _entry_of(request, shelf)
        row = row_of(server, entry)
        form = OverrideForm(entry, shelf, request.POST if is_post else None, instance=row)
        if is_post and form.is_valid():
            change(request, server, row, form.save)
            return HttpResponseRedirect(
                entry_url(server.pk, entry.kind, own_name(entry.definition))
            )
        context = {
            **entry_context(server, shelf, entry),
            "form": form,
            "may_change": self.has_change_permission(request),
            "try_url": _try_url(request, server, entry),
        }
        home = Link(str(server), reverse("admin:mcp_server", args=[pk]))
        response = render_page(
            self, request, TEMPLATE, context, title=entry.name, crumbs=[self.crumb(), home]
        )
        response.status_code = 422 if is_post else 200
        return response

    def entry_switch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Switch one entry on or off, and go back to where that was asked."""
        server = self.found(request, pk, to_change=True)
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:mcp_server", args=[pk]))
        entry = _entry_of(request, shelf_of(server))
        row = row_of(server, entry)
        row.is_enabled = request.POST.get("on") == "1"
        change(request, server, row, row.save)
        return HttpResponseRedirect(_back(request, server))


def _entry_of(request: HttpRequest, shelf: Shelf) -> Offered:
    named = request.POST if "entry_name" in request.POST else request.GET
    kind = named.get("entry_kind", "") or request.GET.get("kind", "")
    name = named.get("entry_name", "") or request.GET.get("name", "")
    entry = shelf.find(kind, name)
    if entry is None:
        raise Http404(f"This server offers no {kind or 'entry'} {name!r}.")
    return entry


def row_of(server: Server, entry: Offered) -> EntryOverride:
    """What the server changes about the entry; a new row if there is none."""
    kind, name = entry.kind, own_name(entry.definition)
    rows = server.overrides.all()  # which stand there, to build the catalog
    found = (row for row in rows if (row.kind, row.name) == (kind, name))
    return next(found, None) or EntryOverride(server=server, kind=kind, name=name)


def change(
    request: HttpRequest, server: Server, row: EntryOverride, save: Callable[[], object]
) -> None:
    """Change one entry, keep that, and say who was told of it."""
    action = "change" if row.pk else "add"
    with transaction.atomic():
        with recorded(operator_of(request), action, row):
            save()
        announcement = announce(server)
    word = "on" if row.is_enabled else "off"
    messages.success(
        request, f"{row.new_name or row.name} is {word}. {wait_for_reports(announcement)}"
    )


def _back(request: HttpRequest, server: Server) -> str:
    """The page that asked, as far as it is one of this site."""
    wanted = request.POST.get("next", "")
    hosts = {request.get_host()}
    if url_has_allowed_host_and_scheme(wanted, hosts, require_https=request.is_secure()):
        return wanted
    return reverse("admin:mcp_server", args=[server.pk])


def _try_url(request: HttpRequest, server: Server, entry: Offered) -> str:
    """Where the entry can be tried, if that page is there and the reader may."""
    try:
        address = reverse("admin:mcp_transport_try", args=[server.pk])
    except NoReverseMatch:
        return ""
    query = entry_url(server.pk, entry.kind, entry.name).partition("?")[2]
    return f"{address}?{query}" if request.user.has_perm("mcp_transport.try_tool") else ""


def entry_context(server: Server, shelf: Shelf, entry: Offered) -> dict[str, Any]:
    """What an entry is, what a model sees of it, and how it has been used."""
    text = msgspec.json.encode(entry.wire)
    calls = Call.objects.filter(server=server.slug, kind=entry.kind, entry=entry.name)
    recent = list(calls.order_by("-id")[:MOST_CALLS])
    definition = entry.definition
    used = Statistics(Window.last("24h"), entry=Entry(server.slug, entry.kind, entry.name))
    return {
        "server": server,
        "entry": entry,
        "own_name": own_name(definition),
        "kind": EntryKind(entry.kind).label,
        "state": Status("ok", "on") if shelf.is_on(entry) else Status("off", "off"),
        "effects": effects_status(entry),
        "effects_word": effects(entry),
        "tiles": [
            Tile(label="What the model reads", value=f"{len(text):,} bytes",
                 note=f"about {max(1, len(text) // BYTES_OF_TOKEN):,} tokens, an estimate"),
            Tile(label="Effects", value=effects(entry)),
            Tile(label="Requires", value=entry.permission or "nothing"),
            *_used(used),
        ],
        "place": entry.source.place(definition),
        "origin": entry.source.name,
        "schemas": list(_schemas(entry)),
        "raw": Copyable(label="As lists show it", value=_pretty(entry.wire), block=True),
        "definitions": list(_definitions(server, entry)),
        "chart": chart(used, "24 h"),
        "errors": _errors(recent),
        "calls": calls_table(recent, "Last calls"),
    }  # fmt: skip


def _used(used: Statistics) -> list[Tile]:
    """How much an entry was used in the last 24 hours."""
    found = used.totals
    if not found.calls:
        return [Tile(label="Calls in 24 h", value="none")]
    p95 = figures.duration(found.percentile(0.95))
    return [
        Tile(label="Calls in 24 h", value=figures.count(found.calls)),
        Tile(label="Failed", value=figures.share(found.failed, found.calls)),
        Tile(label="p95 latency, about", value=p95),
    ]


def _errors(calls: list[Call]) -> Table:
    """What went wrong lately, most often first."""
    counted = Counter((call.get_outcome_display(), call.error) for call in calls if call.error)
    return Table(
        caption=f"Errors of the last {MOST_CALLS} calls",
        columns=(Column("Outcome"), Column("Error"), Column("Times", is_number=True)),
        rows=[(outcome, error, times) for (outcome, error), times in counted.most_common()],
        empty=Empty(title="No errors lately"),
    )


def _schemas(entry: Offered) -> Any:
    wire = entry.wire
    if "inputSchema" in wire:
        yield schema_table("Arguments", wire["inputSchema"])
    if "outputSchema" in wire:
        yield schema_table("Result", wire["outputSchema"])
    if "arguments" in wire:
        yield Table(
            caption="Arguments",
            columns=[Column(name) for name in ("Name", "Required", "Description")],
            rows=[
                (
                    argument["name"],
                    "required" if argument.get("required") else "",
                    argument.get("description", ""),
                )
                for argument in wire["arguments"]
            ],
            empty=None if wire["arguments"] else schema_table("Arguments", {}).empty,
        )


def _definitions(server: Server, entry: Offered) -> Any:
    """What the entry said of itself before, newest first, each with what was changed."""
    rows = PublishedDefinition.objects.filter(
        server=server, kind=entry.kind, name=own_name(entry.definition)
    )
    found = list(rows.order_by("-number")[: MOST_DEFINITIONS + 1])
    for row, before in pairwise(found):
        yield {"row": row, "diff": "\n".join(_difference(before.value, row.value))}
    if found and found[-1].number == 1:
        yield {"row": found[-1], "diff": ""}


def _difference(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    texts = (_pretty(before).splitlines(), _pretty(after).splitlines())
    return list(difflib.unified_diff(*texts, "before", "after", lineterm="", n=2))


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
