"""Finding rows of the record by what is written in them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

#: The columns of each record that are looked through, by the model's name.
TEXTS = {
    "call": ("entry", "error", "arguments", "username", "client", "method"),
    "operatoraction": ("username", "action", "kind", "object_name", "changes"),
}
#: Names of single rows or requests: these are found whole.
IDENTIFIERS = {"call": ("trace_id", "request_id"), "operatoraction": ("request_id", "object_id")}


def matching(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Return the rows that say every word of a text, or whose identifier it is."""
    name = str(rows.model._meta.model_name)
    said = Q()
    for word in text.split():
        said &= _any(TEXTS[name], "icontains", word)
    whole = _any(IDENTIFIERS[name], "exact", text)
    if text.isdecimal():
        whole |= Q(pk=int(text[:18]))
    return rows.filter(said | whole)


def _any(columns: tuple[str, ...], comparison: str, value: str) -> Q:
    fits = Q()
    for column in columns:
        fits |= Q(**{f"{column}__{comparison}": value})
    return fits
