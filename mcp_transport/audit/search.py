"""
Finding rows of the record by what is written in them.

Calls are found in the index of their words, over everything that is kept;
those that are too new for it are read. Where there is no index, or it is far
behind, as everywhere else, all rows are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.db.models.expressions import RawSQL

from mcp_transport.audit import words
from mcp_transport.digits import read_key
from mcp_transport.models import Call, SearchProgress

#: The columns of each record that are looked through, by the model's name.
TEXTS = {
    "call": ("entry", "error", "arguments", "username", "client", "method"),
    "operatoraction": ("username", "action", "kind", "object_name", "changes"),
}
#: Names of single rows or requests: these are found whole.
IDENTIFIERS = {"call": ("trace_id", "request_id"), "operatoraction": ("request_id", "object_id")}
FARTHEST = 100_000  # calls behind the record at which the index still answers
MOST_KEYS = 5000  # of calls with these words that one page looks at
FEW_KEYS = 200  # that it looks at before


def matching(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Return the rows that say every word of a text, or whose identifier it is."""
    index = answering(rows, text)
    return reading(rows, text) if index is None else rows.filter(index.all())


def reading(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Return what matching() does, found without an index; whoever asks has to bound it."""
    return rows.filter(_said(str(rows.model._meta.model_name), text))


def answering(rows: QuerySet[Any], text: str) -> Answer | None:
    """Return the index's answer for calls, or None where it has none."""
    asked = words.words_of(text)
    if rows.model is not Call or not asked:
        return None
    progress = SearchProgress.objects.using(rows.db).filter(pk=words.PROGRESS).first()
    newest = Call.objects.using(rows.db).aggregate(id=Max("id"))["id"] or 0
    if progress is None or progress.indexed_id < newest - FARTHEST or not words.is_there(rows.db):
        return None
    return Answer(alias=rows.db, text=text, words=tuple(asked), until=progress.indexed_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The calls that say a text: those in the index, and those behind it."""

    alias: str
    text: str
    words: tuple[str, ...]
    until: int  # the last call of the index

    def all(self) -> Q:
        """Every one of them, however many."""
        sql, values = words.select(self.alias, self.words)
        compiler = self._unread().values("pk").query.get_compiler(self.alias)
        new_sql, new_values = compiler.as_sql()
        return Q(pk__in=RawSQL(f"{sql} UNION ALL {new_sql}", (*values, *new_values)))  # noqa: S611 - values are bound

    def keys(self, place: int | None, *, is_back: bool = False, limit: int) -> list[int]:
        """The keys of those next to a place: the older ones, or going back the newer."""
        found = words.keys(self.alias, self.words, beyond=place, is_back=is_back, limit=limit)
        unread = self._unread().order_by("pk" if is_back else "-pk")
        if place is not None:
            unread = unread.filter(**{"pk__gt" if is_back else "pk__lt": place})
        found += unread.values_list("pk", flat=True)[:limit]
        return sorted(set(found), reverse=not is_back)[:limit]

    def _unread(self) -> QuerySet[Call]:
        """Those that are not in the index yet, and the one whose key it is."""
        is_new = Q(pk__gt=self.until) & _said("call", self.text)
        return Call.objects.using(self.alias).order_by().filter(is_new | _with_key(self.text))


def _said(name: str, text: str) -> Q:
    said = Q()
    for word in text.split():
        said &= _any(TEXTS[name], "icontains", word)
    whole = _any(IDENTIFIERS[name], "in", [text, json.dumps(text)])  # request ids are kept as JSON
    return said | whole | _with_key(text)


def _with_key(text: str) -> Q:
    """The row whose key the text may be, beside what else is looked for."""
    key = read_key(text)
    return Q() if key is None else Q(pk=key)


def _any(columns: tuple[str, ...], comparison: str, value: Any) -> Q:
    fits = Q()
    for column in columns:
        fits |= Q(**{f"{column}__{comparison}": value})
    return fits
