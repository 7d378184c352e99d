"""
Ends the streams that a dead worker process left open.

A worker process that has not been seen for a few seconds is dead. What it
logged stays and can be replayed; then the stream ends with an error, so that
no client waits for a result that will never come.
"""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import QuerySet

from mcp_transport.models import Event, Session, Stream, Worker
from mcp_transport.models.session import SessionQuerySet
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InternalError

AT_ONCE = 100
INTERRUPTED = "interrupted: the worker process that ran this request died."


def end_orphans(worker_id: str = "") -> list[dict[str, object]]:
    """
    End what is left; the calls that were interrupted, as their streams kept them.

    The worker process that looks lives, however late its heartbeat is written.
    """
    now = datetime.datetime.now(datetime.UTC)
    # A subquery, not a list: both are read by one statement, at one moment.
    living = Worker.objects.living().values("id")
    open_streams = Stream.objects.filter(closed_at=None).exclude(worker=worker_id)
    orphans = open_streams.exclude(worker__in=living)[:AT_ONCE]
    _end_connections(Session.objects.exclude(worker__in=("", worker_id)), living)
    return [stream.call for stream in orphans if _end(stream, now)]


def _end_connections(bound: SessionQuerySet, living: QuerySet[Any, Any]) -> None:
    """Close the sessions that lived on connections of dead processes."""
    orphans = bound.open().exclude(worker__in=living)
    if orphans.exists():  # a bare UPDATE would take the write lock of SQLite each second
        orphans.close("connection: worker process died")


def _end(stream: Stream, now: datetime.datetime) -> bool:
    """End one stream; False when another process did, or its result is there."""
    with transaction.atomic():
        # The UPDATE decides: of processes that look at the same time one ends the stream.
        ended = Stream.objects.filter(id=stream.id, closed_at=None).update(closed_at=now)
        if not ended:
            return False
        last = Event.objects.filter(stream=stream).order_by("-sequence").first()
        # The result came in, and the process died before it could note the end.
        if last is not None and _is_response(last.data):
            return False
        if stream.request_id:  # else nobody asked anything on it, and nobody waits for an answer
            Event.objects.create(
                stream=stream,
                sequence=last.sequence + 1 if last else 1,
                data=_interruption(stream.request_id),
                created_at=now,
            )
    return True


def _interruption(request_id: str) -> str:
    """What a request is answered whose worker process died."""
    return jsonrpc.error(msgspec.json.decode(request_id), InternalError(INTERRUPTED)).decode()


def _is_response(data: str) -> bool:
    return bool(data) and "method" not in jsonrpc.decode(data.encode())
