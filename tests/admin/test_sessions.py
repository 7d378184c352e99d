"""Tests of mcp_transport.admin.sessions: the list, the timeline, and the end of sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.admin import figures
from mcp_transport.models import Call, Event, OperatorAction, Server, Session, Stream

LIST = "admin:mcp_transport_session_changelist"
WITHOUT = "admin:mcp_sessions_without"
CLOSE = "admin:mcp_sessions_close"
BEGUN = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def opened(server: Server, **values: Any) -> Session:
    """A session."""
    fields = {"owner": "user:1", "last_seen_at": timezone.now(), "revision": "2025-11-25"}
    return Session.objects.create(server=server, **fields | values)


@pytest.fixture
def session(server: Server) -> Session:
    """An open session that began at a known time."""
    made = opened(server, client_name="Claude", client_capabilities={"sampling": {}})
    Session.objects.filter(pk=made.pk).update(created_at=BEGUN)
    made.refresh_from_db()
    return made


def called(session: str, minute: int, **values: Any) -> Call:
    """A call, so many minutes after BEGUN."""
    fields: dict[str, Any] = {
        "worker": "w",
        "sequence": Call.objects.count() + 1,
        "started_at": BEGUN + timedelta(minutes=minute),
        "duration_us": 900,
        "server": "main",
        "method": "tools/call",
        "kind": "tool",
        "entry": f"entry_{minute}",
        "outcome": "ok",
        "session": session,
    }
    return Call.objects.create(**fields | values)


def sent(session: Session, minute: int, data: str) -> None:
    """A message that the server sent."""
    at = BEGUN + timedelta(minutes=minute)
    stream = Stream.objects.create(session=session, worker="w", opened_at=at, closed_at=at)
    Event.objects.create(stream=stream, sequence=1, data=data, created_at=at)


def happened(operator: Client, session: Session, **query: str) -> list[str]:
    """What the timeline tells, in its order."""
    answer = operator.get(reverse("admin:mcp_session", args=[session.handle]), query)
    assert answer.status_code == 200
    return [row.text for row in answer.context["timeline"].rows]


def clerk(*codenames: str) -> Client:
    """The browser of staff with permissions."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_the_list_says_who_looks_at_it_whoever_is_looked_for(
    operator: Client, session: Session
) -> None:
    for query in ({}, {"user": "ada"}):
        page = operator.get(reverse(LIST), query)
        assert page.context["user"] == page.wsgi_request.user


def test_only_a_list_with_an_open_session_offers_to_close_some(
    operator: Client, session: Session
) -> None:
    assert b"Close those chosen" in operator.get(reverse(LIST)).content
    Session.objects.update(closed_at=timezone.now())
    assert b"Close those chosen" not in operator.get(reverse(LIST)).content


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"Claude", "Cursor", "Gone"}),
        ({"state": "open"}, {"Claude", "Cursor"}),
        ({"state": "closed"}, {"Gone"}),
        ({"client": "Cursor"}, {"Cursor"}),
        ({"user": "ada"}, {"Cursor"}),
        ({"server": "main"}, {"Claude", "Cursor", "Gone"}),
        ({"server": "other"}, set()),
        ({"server": "none"}, set()),
    ],
)
def test_sessions_are_chosen_by_what_they_are(
    operator: Client, owner: User, session: Session, query: dict[str, str], found: set[str]
) -> None:
    Server.objects.create(slug="other")
    opened(session.server, client_name="Cursor", user=owner)
    opened(session.server, client_name="Gone", closed_at=timezone.now())
    lines = operator.get(reverse(LIST), query).context["lines"]
    assert {line.session.client_name for line in lines} == found


def test_a_timeline_tells_what_happened_with_the_newest_first(
    operator: Client, session: Session
) -> None:
    called(session.pk, 1)
    sent(session, 2, '{"jsonrpc": "2.0", "method": "notifications/progress"}')
    sent(session, 3, '{"jsonrpc": "2.0", "id": 7, "result": {}}')
    called(session.pk, 4, outcome="tool_error")
    called("another" + "x" * 36, 5)
    assert happened(operator, session) == [
        "tools/call entry_4",
        "result for request 7",
        "notifications/progress",
        "tools/call entry_1",
        "initialize",
    ]
    assert happened(operator, session, kind="sent") == [
        "result for request 7",
        "notifications/progress",
    ]
    assert happened(operator, session, kind="errors") == ["tools/call entry_4"]


def test_what_runs_is_told_until_it_has_ended(operator: Client, session: Session) -> None:
    Stream.objects.create(
        session=session, worker="w", method="tools/call", entry="slow", opened_at=BEGUN
    )
    assert "tools/call slow" in happened(operator, session)
    session.streams.update(closed_at=timezone.now())
    assert "tools/call slow" not in happened(operator, session)


def test_a_long_timeline_is_paged(operator: Client, session: Session) -> None:
    for minute in range(1, 121):
        called(session.pk, minute)
    address = reverse("admin:mcp_session", args=[session.handle])
    first = operator.get(address).context["timeline"]
    assert (len(first.rows), first.rows[0].text) == (100, "tools/call entry_120")
    older = operator.get(address + first.pager.older).context["timeline"]
    assert [row.text for row in older.rows][-2:] == ["tools/call entry_1", "initialize"]
    assert older.pager.older == ""
    assert operator.get(address, {"before": "then"}).status_code == 400


def test_the_live_part_says_nothing_while_nothing_happens(
    operator: Client, session: Session
) -> None:
    live = reverse("admin:mcp_session_live", args=[session.handle])
    seen = {"If-None-Match": operator.get(live).headers["ETag"]}
    assert operator.get(live, headers=seen).status_code == 304
    called(session.pk, 1)
    assert operator.get(live, headers=seen).status_code == 200


def test_no_page_holds_what_opens_a_session(operator: Client, session: Session) -> None:
    for address in (reverse(LIST), reverse("admin:mcp_session", args=[session.handle])):
        assert session.pk not in operator.get(address).content.decode()
    whole = reverse("admin:mcp_transport_session_change", args=[session.pk])
    assert operator.get(whole).headers["Location"].endswith(f"/{session.handle}/")


def test_a_session_that_is_none_is_not_found(operator: Client, session: Session) -> None:
    assert operator.get(reverse("admin:mcp_session", args=["abcdefgh"])).status_code == 404


def test_closing_is_confirmed_and_recorded(operator: Client, session: Session) -> None:
    asked = operator.post(reverse(CLOSE), {"session": session.handle})
    assert "Close 1 session?" in asked.content.decode()
    session.refresh_from_db()
    assert session.closed_at is None
    operator.post(reverse(CLOSE), {"session": session.handle, "confirmed": "1"})
    session.refresh_from_db()
    assert session.close_reason == "closed by an operator"
    assert OperatorAction.objects.get().action == "close"


def test_all_of_a_user_are_closed(operator: Client, owner: User, session: Session) -> None:
    theirs = [opened(session.server, user=owner) for _ in range(3)]
    asked = operator.get(reverse(CLOSE), {"user": "ada"}).content.decode()
    assert "Close 3 sessions of ada?" in asked
    operator.post(reverse(CLOSE), {"user": "ada", "confirmed": "1"})
    assert not Session.objects.open().filter(pk__in=[one.pk for one in theirs]).exists()
    session.refresh_from_db()
    assert session.closed_at is None


def test_nothing_is_closed_that_nobody_named(operator: Client, session: Session) -> None:
    assert operator.post(reverse(CLOSE), {"confirmed": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("codename", "closes"), [("view_session", False), ("change_session", True)]
)
def test_only_whoever_may_change_sessions_closes_them(
    session: Session, codename: str, closes: bool
) -> None:
    client = clerk("view_session", codename)
    client.post(reverse(CLOSE), {"session": session.handle, "confirmed": "1"})
    session.refresh_from_db()
    assert (session.closed_at is not None) is closes
    page = client.get(reverse("admin:mcp_session", args=[session.handle])).content.decode()
    assert "End session" not in page


def test_calls_without_a_session_are_told_by_who_called_and_the_hour(
    operator: Client, session: Session
) -> None:
    for minute in (1, 2, 65):
        called("", minute, username="ada", token_id=7, client="Cursor/2")
    called("", 3, username="bob", outcome="timeout")
    called(session.pk, 4, username="ada")
    rows = operator.get(reverse(WITHOUT)).context["table"].rows
    told = [(str(row[0].text), row[1].text, row[3], row[4]) for row in rows]
    assert told[0] == ("31 Jan 13:00 UTC", "ada", "1", figures.share(0, 1))
    assert sorted(told[1:]) == [
        ("31 Jan 12:00 UTC", "ada", "2", figures.share(0, 2)),
        ("31 Jan 12:00 UTC", "bob", "1", figures.share(1, 1)),
    ]
    first = operator.get(rows[0][0].href)
    assert [row[1].text for row in first.context["table"].rows] == ["entry_65"]


def test_staff_without_the_permission_see_nothing(session: Session) -> None:
    client = clerk()
    for name, arguments in ((LIST, []), (WITHOUT, []), ("admin:mcp_session", [session.handle])):
        assert client.get(reverse(name, args=arguments)).status_code == 403
