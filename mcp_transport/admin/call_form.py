"""What calls can be looked for by: a form whose state is the page's query string."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from mcp_transport.admin.filter_form import FilterForm
from mcp_transport.audit.search import matching
from mcp_transport.audit.tallies import FAILED
from mcp_transport.models import Call, Server

PERIODS = {
    "1h": ("the last hour", timedelta(hours=1)),
    "24h": ("the last 24 hours", timedelta(hours=24)),
    "7d": ("the last 7 days", timedelta(days=7)),
    "30d": ("the last 30 days", timedelta(days=30)),
}
DEFAULT = "24h"
ALL = "all"
FAILURE, DENIAL = "failed", "denied"
MOMENT = "%Y-%m-%dT%H:%M"  # as browsers send it


class RecordForm(FilterForm):
    """A stretch of time, and text; each record adds what its rows can be chosen by."""

    time_field: ClassVar[str]
    #: Names of fields that are columns with exactly that value.
    columns: ClassVar[Sequence[str]] = ()

    q = forms.CharField(label="Text", required=False, max_length=200, widget=forms.SearchInput)
    period = forms.ChoiceField(
        required=False,
        choices=[
            *((name, label) for name, (label, _) in PERIODS.items()),
            (ALL, "all that is kept"),
        ],
    )
    since = forms.DateTimeField(
        label="From",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )
    until = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )

    def __init__(self, data: Any) -> None:
        data = data.copy()
        is_dated = data.get("since") or data.get("until")
        data.setdefault("period", ALL if is_dated else DEFAULT)
        super().__init__(data)

    @property
    def is_narrowed(self) -> bool:
        """Whether something else than a time is asked for."""
        return any(
            value
            for name, value in self.cleaned_data.items()
            if name not in {"period", "since", "until"}
        )

    @property
    def text(self) -> str:
        """What the rows have to say; empty for anything."""
        return str(self.cleaned_data.get("q", ""))

    def chosen(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that fit but for the text; none while the form has errors."""
        if not self.is_valid():
            return rows.none()
        said = self.cleaned_data
        exact = {name: said[name] for name in self.columns if said[name] not in {"", None}}
        return rows.filter(self._time(), **exact)

    def chosen_by_all(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that fit and say the text, however far they are apart."""
        rows = self.chosen(rows)
        return matching(rows, self.text) if self.text else rows

    def _time(self) -> Q:
        said, fits = self.cleaned_data, Q()
        if said["period"] in PERIODS:
            start = timezone.now() - PERIODS[said["period"]][1]
            fits &= Q(**{f"{self.time_field}__gte": start})
        if said["since"]:
            fits &= Q(**{f"{self.time_field}__gte": said["since"]})
        if said["until"]:
            fits &= Q(**{f"{self.time_field}__lt": said["until"]})
        return fits


class CallForm(RecordForm):
    """What calls are chosen by."""

    time_field = "started_at"
    columns = ("server", "kind", "entry", "username", "client", "token_id", "trace_id")

    server = forms.ChoiceField(required=False)
    outcome = forms.ChoiceField(
        required=False,
        choices=[
            ("", "any"),
            (FAILURE, "Failed, in whatever way"),
            (DENIAL, "Denied: unknown or not permitted"),
            *Call.Outcome.choices,
        ],
    )
    entry = forms.CharField(required=False, max_length=500)
    username = forms.CharField(label="User", required=False, max_length=200)
    client = forms.CharField(required=False, max_length=300)
    kind = forms.CharField(required=False, max_length=16)
    session = forms.CharField(required=False, max_length=43)
    token_id = forms.IntegerField(label="Token", required=False, min_value=1)
    trace_id = forms.CharField(label="Trace", required=False, max_length=64)

    #: Shown only while they are set: links from other pages set them.
    linked: ClassVar[Sequence[str]] = ("kind", "session", "token_id", "trace_id")

    def __init__(self, data: Any, servers: Sequence[Server]) -> None:
        super().__init__(data)
        asked = self.data.get("server", "")
        slugs = {server.slug: str(server) for server in servers}
        if asked and asked not in slugs:
            slugs[asked[:64]] = asked[:64]  # calls outlive their server
        self.fields["server"].choices = [("", "all"), *slugs.items()]  # type: ignore[attr-defined]  # a ChoiceField
        for name in self.linked:
            if not self.data.get(name):
                self.fields[name].widget = forms.HiddenInput(attrs={"disabled": True})

    def chosen(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """See RecordForm.chosen()."""
        rows = super().chosen(rows)
        if not self.is_valid():
            return rows
        if self.cleaned_data["session"]:
            rows = rows.filter(session__startswith=self.cleaned_data["session"])
        return rows.filter(outcomes(self.cleaned_data["outcome"]))


def outcomes(name: str) -> Q:
    """Return what calls with an outcome are: one of Call.Outcome, "failed", "denied" or any."""
    if name == FAILURE:
        return Q(outcome__in=FAILED)
    if name == DENIAL:
        return Q(outcome=Call.Outcome.ERROR, kind="")
    return Q(outcome=name) if name else Q()
