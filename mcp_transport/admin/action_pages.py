"""What is on the pages of operators' actions, and of what vouches for the record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Max
from django.http import HttpRequest

from mcp_transport.admin import figures
from mcp_transport.admin.looking import around, look
from mcp_transport.admin.parts import (
    Column,
    Copyable,
    Empty,
    Link,
    Moment,
    Status,
    Tab,
    Table,
    Tabs,
)
from mcp_transport.admin.record_form import RecordForm
from mcp_transport.admin.reversing import reverse
from mcp_transport.audit.chain import OPERATORS
from mcp_transport.audit.verification import ChainReport
from mcp_transport.models import AuditCheckpoint, OperatorAction

OUTCOMES = {"done": "ok", "denied": "denied", "failed": "failed"}
NAMES = (
    ("actions", "Operators", "admin:mcp_transport_operatoraction_changelist"),
    ("calls", "Calls", "admin:mcp_transport_call_changelist"),
    ("chains", "Is it whole?", "admin:mcp_chains"),
)
MOST_CHAINS = 200  # that are shown
Context = dict[str, Any]


def tabs(request: HttpRequest, current: str) -> Tabs:
    """The records, and what vouches for them; only what the reader may see."""
    may = {"calls": request.user.has_perm("mcp_transport.view_call")}
    return Tabs(
        label="Records",
        tabs=[
            Tab(text=text, href=reverse(at), is_current=name == current)
            for name, text, at in NAMES
            if may.get(name, True)
        ],
    )


class ActionForm(RecordForm):
    """What operators' actions are chosen by."""

    time_field = "acted_at"
    columns = ("way", "action", "kind", "outcome", "username")

    username = forms.CharField(label="Who", required=False, max_length=200)
    action = forms.CharField(required=False, max_length=32)
    kind = forms.CharField(label="Kind of object", required=False, max_length=64)
    outcome = forms.ChoiceField(
        required=False, choices=[("", "any"), *OperatorAction.Outcome.choices]
    )
    way = forms.ChoiceField(
        label="Through", required=False, choices=[("", "any"), *OperatorAction.Way.choices]
    )


def action_list(request: HttpRequest) -> Context:
    """The actions that the query string asks for."""
    form = ActionForm(request.GET)
    newest = OperatorAction.objects.aggregate(newest=Max("pk"))["newest"] or 0
    rows = form.chosen(OperatorAction.objects.all())
    sight = look(rows, request.GET, newest=newest, text=form.text)
    return {
        "form": form,
        "tabs": tabs(request, "actions"),
        "table": _table(sight.rows),
        **around(sight, request.GET),
    }


def _table(actions: Iterable[OperatorAction]) -> Table:
    return Table(
        caption="Operators' actions, newest first",
        is_caption_hidden=True,
        columns=[Column(name) for name in ("When", "Who", "Action", "Object", "Outcome", "From")],
        rows=[
            (
                Moment(action.acted_at),
                action.username or "unknown",
                Link(action.action, page_of(action)),
                f"{action.kind} {action.object_name or action.object_id}".strip(),
                outcome(action),
                f"{action.get_way_display()} {action.address}".strip(),
            )
            for action in actions
        ],
        empty=Empty(
            title="No action fits",
            text="What is done in the admin, the API and by commands is kept here.",
            links=[Link("Show every action", "?period=all")],
        ),
    )


def outcome(action: OperatorAction) -> Status:
    """What came of it."""
    return Status(OUTCOMES.get(action.outcome, "failed"), action.get_outcome_display())


def page_of(action: OperatorAction) -> str:
    """Where an action is shown whole."""
    return reverse("admin:mcp_transport_operatoraction_change", args=[action.pk])


def action_page(action: OperatorAction) -> Context:
    """One action, whole."""
    return {
        "action": action,
        "state": outcome(action),
        "facts": [
            ("When", figures.absolute(action.acted_at)),
            ("Who", action.username or "unknown"),
            ("Through", f"{action.get_way_display()} {action.address}".strip()),
            ("Object", f"{action.kind} {action.object_name}".strip()),
            ("Its key", action.object_id or "–"),
            ("Request", action.request_id or "–"),
            ("In the record", f"row {figures.count(action.sequence)}"),
        ],
        "changes": _changes(action.difference),
        "chain": Copyable(label="Digest", value=action.digest),
    }


def _changes(difference: dict[str, Any]) -> Table | None:
    if not difference:
        return None
    return Table(
        caption="What it changed",
        columns=[Column(name) for name in ("Field", "Before", "After")],
        rows=[(name, *map(_told, pair)) for name, pair in difference.items()],
    )


def _told(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def chains(request: HttpRequest, reports: Sequence[ChainReport] | None) -> Context:
    """How far checkpoints vouch for each chain; after a look at every row, what was found."""
    return {
        "tabs": tabs(request, "chains"),
        "reports": None if reports is None else _reports(reports),
        "broken": [report for report in reports or () if report.broken],
        "is_verified": reports is not None,
        "checkpoints": _checkpoints() if reports is None else None,
    }


def _checkpoints() -> Table:
    newest = AuditCheckpoint.objects.order_by().values("worker")
    found = newest.annotate(last=Max("sequence"), at=Max("created_at")).order_by("-at")
    return Table(
        caption="The newest checkpoint of each chain",
        columns=(Column("Chain"), Column("Vouches up to row", is_number=True), Column("Made")),
        rows=[
            (_chain(row["worker"]), figures.count(row["last"]), Moment(row["at"]))
            for row in found[:MOST_CHAINS]
        ],
        empty=Empty(
            title="No checkpoint yet",
            text="A worker process makes one after some time, or some calls.",
        ),
    )


def _reports(reports: Sequence[ChainReport]) -> Table:
    return Table(
        caption="What was found",
        columns=(Column("Chain"), Column("State"), Column("Rows", is_number=True)),
        rows=[
            (_name(report.worker), _state(report), figures.count(report.rows))
            for report in reports[:MOST_CHAINS]
        ],
        empty=Empty(title="Nothing is recorded yet"),
    )


def _state(report: ChainReport) -> Status:
    if report.broken is None:
        return Status("ok", "Whole")
    return Status("failed", f"Row {figures.count(report.broken.sequence)}: {report.broken.reason}")


def _chain(worker: str) -> Link:
    return Link(_name(worker), f"?{urlencode({'chain': worker})}")


def _name(worker: str) -> str:
    return "Operators' actions" if worker == OPERATORS else f"Calls of {worker}"
