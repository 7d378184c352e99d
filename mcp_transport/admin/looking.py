"""
Looking through a record that only grows: some of its rows at a time, newest first.

A filter that little fits could read a million rows for one page. So each page
looks at a bounded stretch of the record, says how far it came, and goes on
from there when it is asked to. Where an index knows which rows say a text, the
stretch is so many of those, however far apart they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from mcp_transport.admin import figures
from mcp_transport.admin.keyset import AFTER, BEFORE, keyset_page, place_of, query_of
from mcp_transport.admin.parts import Pager
from mcp_transport.audit.search import FEW_KEYS, MOST_KEYS, Answer, answering, reading

REACH = 100_000  # rows of the record that one page looks at


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The rows of one page, and the query strings of those beside it."""

    rows: list[Any]
    newer: str = ""
    older: str = ""
    further: str = ""  # where the look goes on, when it ended before the page was full
    reach: int = REACH  # rows that were looked at, at most


def look(rows: QuerySet[Any], parameters: QueryDict, *, newest: int, text: str = "") -> Sight:
    """
    Return the page that the parameters name, of the rows that are within reach.

    ``newest`` is the last key of the whole record, ``text`` what the rows have
    to say. Raises: BadRequest for a place that is none.
    """
    place = place_of(parameters, rows.model)
    if text:
        answer = answering(rows, text)
        if answer is not None:
            return _look_among(rows, parameters, answer, place)
        rows = reading(rows, text)
    if place is not None and BEFORE not in parameters:
        page = keyset_page(rows.filter(pk__lte=place + REACH), parameters)
        return Sight(rows=page.rows, newer=page.newer, older=page.older)
    floor = (newest + 1 if place is None else place) - REACH
    page = keyset_page(rows.filter(pk__gte=floor), parameters)
    further = query_of(parameters, BEFORE, [floor]) if floor > 1 and not page.older else ""
    return Sight(rows=page.rows, newer=page.newer, older=page.older, further=further)


def around(sight: Sight, parameters: QueryDict) -> dict[str, Any]:
    """What stands below a page of a record: the pages beside it, and where it goes on."""
    query = parameters.copy()
    for name in (BEFORE, AFTER):
        query.pop(name, None)
    return {
        "pager": Pager(newer=sight.newer, older=sight.older),
        "further": sight.further,
        "reach": figures.count(sight.reach),
        "query": query.urlencode(),
    }


def _look_among(
    rows: QuerySet[Any], parameters: QueryDict, answer: Answer, place: int | None
) -> Sight:
    """Return the page of those rows that an index names."""
    is_back = AFTER in parameters
    for limit in (FEW_KEYS, MOST_KEYS):  # without another filter few are enough
        keys = answer.keys(place, is_back=is_back, limit=limit)
        page = keyset_page(rows.filter(pk__in=keys), parameters)
        if len(keys) < limit or (page.newer if is_back else page.older):
            break
    is_cut = len(keys) == MOST_KEYS and not is_back and not page.older
    further = query_of(parameters, BEFORE, [keys[-1]]) if is_cut else ""
    return Sight(
        rows=page.rows, newer=page.newer, older=page.older, further=further, reach=MOST_KEYS
    )
