"""
Pages of a long table by the place of their first row.

The database finds a place 500,000 rows deep as fast as the first one; an
OFFSET would read all rows before it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

from mcp_transport.comparable import is_comparable

SIZE = 50  # rows of a page
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysetPage:
    """Rows, newest first, and the query strings of the pages beside them."""

    rows: list[Any]
    older: str = ""
    newer: str = ""


def keyset_page(
    rows: QuerySet[Any],
    parameters: QueryDict,
    *,
    order: Sequence[str] = ("-id",),
    size: int = SIZE,
) -> KeysetPage:
    """
    Return the page that the parameters ``before`` and ``after`` name.

    ``order`` are fields, all descending, the last of them unique; an index
    over them makes every page one look.

    Raises: BadRequest for a place that is none.
    """
    names = [field.removeprefix("-") for field in order]
    is_back = AFTER in parameters
    place = parameters.get(AFTER if is_back else BEFORE, "")
    ordered = rows.order_by(*(names if is_back else [f"-{name}" for name in names]))
    if place:
        values = _values(rows.model, names, place)
        ordered = ordered.filter(_beyond(names, values, "gt" if is_back else "lt"))
    found = list(ordered[: size + 1])
    has_more, shown = len(found) > size, found[:size]
    if is_back:
        shown.reverse()
    has_older, has_newer = (True, has_more) if is_back else (has_more, bool(place))
    return KeysetPage(
        rows=shown,
        older=_beside(parameters, BEFORE, shown[-1:], names) if has_older else "",
        newer=_beside(parameters, AFTER, shown[:1], names) if has_newer else "",
    )


def _beside(parameters: QueryDict, direction: str, edge: list[Any], names: Sequence[str]) -> str:
    """The query string of the page beside the row at a page's edge, if the page has rows."""
    return query_of(parameters, direction, _told(edge[0], names)) if edge else ""


def place_of(parameters: QueryDict, model: type[Model]) -> Any:
    """
    Return the key that ``before`` or ``after`` names in a list by key, or None.

    Raises: BadRequest for a place that is none.
    """
    place = parameters.get(AFTER if AFTER in parameters else BEFORE, "")
    return _values(model, ["id"], place)[0] if place else None


def query_of(parameters: QueryDict, direction: str, values: Sequence[Any]) -> str:
    """Return the query string of the page ``before`` or ``after`` a place."""
    changed = parameters.copy()
    for name in (BEFORE, AFTER):
        changed.pop(name, None)
    place = json.dumps(values, default=str, separators=(",", ":"))
    changed[direction] = urlsafe_b64encode(place.encode()).decode().rstrip("=")
    return f"?{changed.urlencode()}"


def _told(row: Any, names: Sequence[str]) -> list[Any]:
    return [getattr(row, name) for name in names]


def _beyond(names: Sequence[str], values: Sequence[Any], comparison: str) -> Q:
    """What comes after a row: ``a < x OR (a = x AND b < y)``, with ``a <= x`` for the index."""
    condition = Q()
    for depth, name in enumerate(names):
        equal = dict(zip(names[:depth], values, strict=False))
        condition |= Q(**equal, **{f"{name}__{comparison}": values[depth]})
    return condition & Q(**{f"{names[0]}__{comparison}e": values[0]})


def _values(model: type[Model], names: Sequence[str], place: str) -> list[Any]:
    try:
        values = json.loads(urlsafe_b64decode(place + "=" * (-len(place) % 4)))
        if not isinstance(values, list) or len(values) != len(names):
            raise ValueError("another order")
        fields = [model._meta.get_field(name) for name in names]
        found = [
            field.to_python(value)  # type: ignore[union-attr]  # columns, not relations
            for field, value in zip(fields, values, strict=True)
        ]
        if not all(map(is_comparable, found)):
            raise ValueError("a value that no row has")
        return found
    except (TypeError, ValueError, OverflowError, RecursionError, ValidationError) as error:
        raise BadRequest(f"{place!r} is no place in this list.") from error
