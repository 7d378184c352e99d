"""The rows that a filter of the record leaves, taken away as a file."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponseBase

from mcp_transport.admin.record_form import RecordForm
from mcp_transport.audit.export import FORMS, exported
from mcp_transport.audit.operators import Subject, operator_of, record_action


def export(
    request: HttpRequest,
    form: str,
    chosen: RecordForm,
    model: type[Model],
    columns: Sequence[str],
    *,
    name: str,
) -> HttpResponseBase:
    """Send every row that the filter leaves; that is recorded, too. Raises Http404."""
    if form not in FORMS or not chosen.is_valid():
        raise Http404(f"There are {name}.csv and {name}.jsonl, by the filters of the list.")
    rows = chosen.chosen_by_all(model._default_manager.all())
    said = {field: [None, value] for field, value in request.GET.items()}
    subject = Subject(kind=str(model._meta.model_name), name=form)
    record_action(operator_of(request), "export", subject, changes=said)
    return exported(request, rows, columns, form=form, name=name)
