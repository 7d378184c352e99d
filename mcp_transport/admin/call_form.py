"""What calls can be looked for by: a form whose state is the page's query string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet

from mcp_transport.admin.record_form import RecordForm
from mcp_transport.audit.tallies import FAILED
from mcp_transport.models import Call, Server

FAILURE, DENIAL = "failed", "denied"


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
