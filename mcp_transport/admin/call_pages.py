"""What is on the pages of calls."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import Subquery
from django.http import HttpRequest, QueryDict

from mcp_transport.admin import addresses, figures
from mcp_transport.admin.addresses import CALLS
from mcp_transport.admin.call_form import CallForm
from mcp_transport.admin.figures import SPACE
from mcp_transport.admin.json_tree import JsonTree
from mcp_transport.admin.looking import Sight, around, look
from mcp_transport.admin.parts import (
    Column,
    Copyable,
    Empty,
    Link,
    Moment,
    Named,
    Part,
    Status,
    Table,
)
from mcp_transport.admin.record_form import ALL
from mcp_transport.admin.reversing import reverse
from mcp_transport.conf import settings
from mcp_transport.models import Call, Server
from mcp_transport.models.session import HANDLE_LENGTH

OUTCOMES = {"ok": "ok", "input_required": "info", "cancelled": "off"}
Context = dict[str, Any]


def call_list(request: HttpRequest) -> Context:
    """The calls that the query string asks for."""
    # One query for the servers of the filter and the end of the record.
    last = Call.objects.order_by("-pk").values("pk")[:1]
    servers = list(Server.objects.annotate(last_call=Subquery(last)).only("slug", "title"))
    form = CallForm(request.GET, servers)
    rows = form.chosen(Call.objects.all())
    newest = servers[0].last_call if servers else last.values_list("pk", flat=True).first()
    sight = look(rows, request.GET, newest=newest or 0, text=form.text)
    return {
        "form": form,
        "table": calls_table(
            sight.rows,
            "Calls, newest first",
            is_caption_hidden=True,
            names_servers=True,
            empty=_nothing(form, sight),
        ),
        "shown": len(sight.rows),
        "is_all": not (sight.older or sight.newer or sight.further),
        **around(sight, request.GET),
    }


def _nothing(form: CallForm, sight: Sight) -> Empty:
    if not form.is_valid():
        return Empty(title="Nothing is shown", text="The filter has errors.")
    if sight.further:
        return Empty(title=f"Nothing fits among {figures.count(sight.reach)} calls")
    if form.is_narrowed or form.cleaned_data["period"] != ALL:
        clear = Link("Show every call", f"?period={ALL}")
        return Empty(title="No call fits", text=kept_for(), links=[clear])
    return Empty(title="Nothing was called yet", text=kept_for())


def kept_for() -> str:
    """For how long the record goes back, in words."""
    days, most = settings.MCP_CALL_LIFETIME_DAYS, settings.MCP_CALL_LIMIT
    said = f"Calls are kept {days:g} days" if days else "Calls are kept for good"
    return f"{said}, the newest {figures.count(most)} of them." if most else f"{said}."


def calls_table(
    calls: Iterable[Call],
    caption: str,
    *,
    is_caption_hidden: bool = False,
    names_servers: bool = False,
    empty: Empty | None = None,
) -> Table:
    """Calls, each with the way to its page."""
    columns = ("When", "Entry", "Outcome", "Took", "User", "Client")
    return Table(
        caption=caption,
        is_caption_hidden=is_caption_hidden,
        columns=[Column(name, is_number=name == "Took") for name in columns],
        rows=[
            (
                Moment(call.started_at),
                _named(call) if names_servers else Link(call.entry or call.method, page_of(call)),
                outcome(call),
                figures.duration(call.duration_us),
                call.username or "nobody",
                call.client,
            )
            for call in calls
        ],
        empty=empty or Empty(title="Never called"),
    )


def _named(call: Call) -> Named:
    return Named(call.entry or call.method, call.server, page_of(call))


def outcome(call: Call) -> Status:
    """How a call ended."""
    return Status(OUTCOMES.get(call.outcome, "failed"), call.get_outcome_display())


def page_of(call: Call) -> str:
    """Where a call is shown whole."""
    return reverse("admin:mcp_transport_call_change", args=[call.pk])


def call_page(request: HttpRequest, call: Call) -> Context:
    """One call, whole."""
    server = Server.objects.filter(slug=call.server).first()
    return {
        "call": call,
        "state": outcome(call),
        "facts": list(_facts(request, call, server)),
        "arguments": _arguments(call),
        "redacted": ", ".join(settings.MCP_REDACTED_ARGUMENTS),
        "again": again(request, call, server),
        "chain": Copyable(label="Digest", value=call.digest) if call.digest else None,
    }


def _facts(
    request: HttpRequest, call: Call, server: Server | None
) -> Iterable[tuple[str, Part | str]]:
    yield "When", f"{figures.absolute(call.started_at)}"
    yield "Took", figures.duration(call.duration_us)
    home = addresses.server_page(request, server.pk) if server else ""
    yield "Server", Link(call.server, home)
    yield "Method", call.method
    yield "User", call.username or "nobody"
    yield "Signed in as", call.principal or "anonymous"
    yield "Client", call.client or "unnamed"
    yield "Revision", call.revision or "unknown"
    yield "Transport", call.transport
    if call.session:
        handle = call.session[:HANDLE_LENGTH]
        yield "Session", Link(handle, f"{reverse(CALLS)}?session={handle}&period={ALL}")
    yield "Request", call.request_id or "–"
    yield "Result", f"{figures.count(call.result_bytes)}{SPACE}bytes, which are not kept"
    if call.trace_id:
        yield "Trace", call.trace_id
    yield "In the record", f"row {figures.count(call.sequence)} of {call.worker}"


def _arguments(call: Call) -> Part | str:
    if not call.arguments:
        return ""
    try:
        return JsonTree(label="Arguments", value=json.loads(call.arguments))
    except ValueError:
        return call.arguments


def again(request: HttpRequest, call: Call, server: Server | None) -> str:
    """Where the call's form is, filled in; empty where it cannot be tried."""
    if server is None or not call.kind or not request.user.has_perm("mcp_transport.try_tool"):
        return ""
    query = QueryDict(mutable=True)
    query.update({"kind": call.kind, "name": call.entry, "call": str(call.pk)})
    return f"{reverse('admin:mcp_transport_try', args=[server.pk])}?{query.urlencode()}"
