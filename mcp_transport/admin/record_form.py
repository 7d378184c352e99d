"""What the records can be looked through by: a stretch of time, and text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from mcp_transport.admin.filter_form import FilterForm
from mcp_transport.audit.search import matching
from mcp_transport.comparable import is_convertible

PERIODS = {
    "1h": ("the last hour", timedelta(hours=1)),
    "24h": ("the last 24 hours", timedelta(hours=24)),
    "7d": ("the last 7 days", timedelta(days=7)),
    "30d": ("the last 30 days", timedelta(days=30)),
}
DEFAULT = "24h"
ALL = "all"
MOMENT = "%Y-%m-%dT%H:%M"  # as browsers send it


class RecordForm(FilterForm):
    """What calls and operators' actions have in common; each adds what its rows have beside."""

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

    def clean(self) -> dict[str, Any]:
        """Refuse times that cannot be compared with those of rows."""
        said = super().clean() or {}
        for name in ("since", "until"):
            if (at := said.get(name)) and not is_convertible(at):
                self.add_error(name, "This is at the end of the calendar.")
        return said

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
