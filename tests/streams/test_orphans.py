"""What a dead worker process left open comes to its end."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.utils import timezone

from mcp_transport.models import Event, Server, Session, Stream, Worker
from mcp_transport.models.worker import SILENCE
from mcp_transport.streams import orphans
from mcp_transport.streams.orphans import end_orphans

PROGRESS = '{"jsonrpc":"2.0","method":"notifications/progress","params":{}}'
QUESTION = '{"jsonrpc":"2.0","id":"a.1","method":"elicitation/create","params":{}}'
RESULT = '{"jsonrpc":"2.0","id":7,"result":{}}'
ERROR = '{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":""}}'


@pytest.fixture
def session(db: None) -> Session:
    server = Server.objects.create(slug="main")
    return Session.objects.create(
        server=server, owner="anonymous", revision="2025-11-25", last_seen_at=timezone.now()
    )


def worker(name: str, *, silent: datetime.timedelta, ended: bool = False) -> None:
    seen = timezone.now() - silent
    Worker.objects.create(
        id=name,
        hostname="h",
        pid=1,
        started_at=seen,
        seen_at=seen,
        ended_at=seen if ended else None,
    )


def stream(
    session: Session, *events: str, name: str = "a", of: str = "gone", **more: Any
) -> Stream:
    values = {"request_id": "7", "call": {"entry": name}, **more}
    row = Stream.objects.create(
        id=name, session=session, worker=of, opened_at=timezone.now(), **values
    )
    for sequence, data in enumerate(events, 1):
        Event.objects.create(stream=row, sequence=sequence, data=data, created_at=timezone.now())
    return row


def last(row: Stream) -> Event:
    return row.events.order_by("-sequence")[0]


@pytest.mark.parametrize("events", [(), ("",), ("", PROGRESS), ("", PROGRESS, QUESTION)], ids=len)
def test_an_orphan_ends_with_an_error(session: Session, events: tuple[str, ...]) -> None:
    row = stream(session, *events)
    assert end_orphans() == [{"entry": "a"}]
    row.refresh_from_db()
    assert row.closed_at is not None
    assert last(row).sequence == len(events) + 1
    answer = json.loads(last(row).data)
    assert answer["id"] == 7
    assert answer["error"]["code"] == -32603
    assert answer["error"]["message"].startswith("interrupted")


@pytest.mark.parametrize("answer", [RESULT, ERROR])
def test_a_stream_that_has_its_result_is_only_closed(session: Session, answer: str) -> None:
    row = stream(session, "", answer)
    assert end_orphans() == []
    row.refresh_from_db()
    assert row.closed_at is not None
    assert last(row).data == answer


def test_a_stream_without_a_request_is_only_closed(session: Session) -> None:
    row = stream(session, "", request_id="", call={})
    other = stream(session, "", name="b")
    assert sorted(end_orphans(), key=len) == [{}, {"entry": "b"}]
    row.refresh_from_db()
    assert row.closed_at is not None
    assert last(row).data == ""
    assert json.loads(last(other).data)["id"] == 7


def test_an_orphan_ends_once(session: Session) -> None:
    stream(session, "")
    assert len(end_orphans()) == 1
    assert end_orphans() == []


def test_of_two_processes_that_look_one_ends_it(session: Session) -> None:
    row = stream(session, "")
    now = timezone.now()
    assert orphans._end(row, now)
    assert not orphans._end(row, now)
    assert row.events.count() == 2


@pytest.mark.parametrize(
    ("silent", "ended", "is_orphan"),
    [
        (datetime.timedelta(0), False, False),
        (SILENCE / 2, False, False),
        (SILENCE * 2, False, True),
        (datetime.timedelta(0), True, True),
    ],
)
def test_only_what_a_dead_process_left_is_an_orphan(
    session: Session, silent: datetime.timedelta, ended: bool, is_orphan: bool
) -> None:
    worker("w", silent=silent, ended=ended)
    stream(session, "", of="w")
    assert bool(end_orphans("me")) is is_orphan


def test_who_looks_is_not_dead(session: Session) -> None:
    worker("me", silent=SILENCE * 10)
    stream(session, "", of="me")
    assert end_orphans("me") == []


def test_many_orphans_are_ended_in_parts(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "AT_ONCE", 2)
    for name in "abc":
        stream(session, "", name=name)
    assert [len(end_orphans()) for _ in range(3)] == [2, 1, 0]


def test_a_stream_that_is_closed_is_none(session: Session) -> None:
    stream(session, "", closed_at=timezone.now())
    assert end_orphans() == []


def test_sessions_of_a_dead_process_s_connections_are_closed(session: Session) -> None:
    worker("alive", silent=datetime.timedelta(0))
    worker("gone", silent=SILENCE * 2)
    for holder in ("alive", "gone", "late"):
        Session.objects.create(
            server=session.server,
            owner=holder,
            revision="2025-11-25",
            worker=holder,
            last_seen_at=timezone.now(),
        )
    end_orphans("late")
    assert set(Session.objects.open().values_list("worker", flat=True)) == {"", "alive", "late"}
