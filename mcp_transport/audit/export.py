"""
Rows of the record as CSV or JSON lines, sent while they are read.

A page of rows is in memory at a time, whoever asks for however many.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from mcp_transport.audit.record import COLUMNS
from mcp_transport.models.session import HANDLE_LENGTH

FORMS = {"csv": "text/csv", "jsonl": "application/x-ndjson"}
READ_AT_ONCE = 1000
COLUMNS_OF_CALL = ("id", "worker", "sequence", *COLUMNS, "previous_digest", "digest")
# A spreadsheet takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = tuple[Any, ...]
Encode = Callable[[Sequence[str], Sequence[Row]], bytes]


def exported(
    request: HttpRequest, rows: QuerySet[Any], columns: Sequence[str], *, form: str, name: str
) -> StreamingHttpResponse:
    """
    Answer with every row, the newest first; rows that come meanwhile are left out.

    The first column has to be the key. Under WSGI the pages are read as the
    server asks for them, under ASGI between two of them others have their turn.
    """
    pages = _Pages(rows, columns)
    encode = ENCODERS[form]
    head = _csv_head(columns) if form == "csv" else b""
    is_async = isinstance(request, ASGIRequest)
    body = _stream(pages, encode, head) if is_async else _iterate(pages, encode, head)
    response = StreamingHttpResponse(body, content_type=f"{FORMS[form]}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


class _Pages:
    """Reads rows behind the key where the last page ended."""

    def __init__(self, rows: QuerySet[Any], columns: Sequence[str]) -> None:
        self.columns = columns
        self._rows = rows.order_by("-pk").values_list(*columns)
        self._last: Any = None

    def next(self) -> list[Row]:
        """Return the next page; an empty one is the end."""
        rows = self._rows if self._last is None else self._rows.filter(pk__lt=self._last)
        page = list(rows[:READ_AT_ONCE])
        if page:
            self._last = page[-1][0]
        return [tuple(map(_told, self.columns, row)) for row in page]


async def _stream(pages: _Pages, encode: Encode, head: bytes) -> AsyncIterator[bytes]:
    yield head
    read = sync_to_async(pages.next)  # the ORM waits for the database
    while page := await read():
        yield encode(pages.columns, page)


def _iterate(pages: _Pages, encode: Encode, head: bytes) -> Iterator[bytes]:
    yield head
    while page := pages.next():
        yield encode(pages.columns, page)


def _told(column: str, value: Any) -> Any:
    # The whole id is half of what it takes to go on with somebody's session.
    return value[:HANDLE_LENGTH] if column == "session" else value


def _csv_head(columns: Sequence[str]) -> bytes:
    return ",".join(columns).encode() + b"\r\n"


def _csv(_columns: Sequence[str], page: Sequence[Row]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_cell(value) for value in row] for row in page])
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _json_lines(columns: Sequence[str], page: Sequence[Row]) -> bytes:
    rows = [dict(zip(columns, row, strict=True)) for row in page]
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


ENCODERS: dict[str, Encode] = {"csv": _csv, "jsonl": _json_lines}
