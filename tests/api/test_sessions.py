"""Tests of mcp_transport.api.sessions."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from mcp_transport.models import OperatorAction, Server, Session
from tests.api.conftest import Client, acted

SESSIONS = "/api/sessions/"
CLOSE = "/api/sessions/close/"


def begin(server: Server, **fields: Any) -> Session:
    """An open session."""
    return Session.objects.create(server=server, owner="x", last_seen_at=timezone.now(), **fields)


def still_open() -> set[str]:
    """The handles of open sessions."""
    return {session.handle for session in Session.objects.open()}


def test_a_session_is_shown_without_its_id(root: APIClient, server: Server, owner: User) -> None:
    session = begin(server, user=owner, client_name="claude")
    listed = root.get(SESSIONS)
    shown = root.get(f"{SESSIONS}{session.handle}/")
    assert listed.json()["results"] == [shown.json()]
    assert session.pk not in listed.content.decode()
    assert (shown.json()["server"], shown.json()["user"]) == ("main", "ada")


def test_sessions_are_filtered(root: APIClient, server: Server, other: Server, owner: User) -> None:
    first, second = begin(server, user=owner), begin(other)
    Session.objects.filter(pk=second.pk).close("done")
    chosen = [{"server": "main"}, {"user": "ada"}, {"is_open": "true"}]
    for query in chosen:
        found = root.get(SESSIONS, query).json()["results"]
        assert [row["handle"] for row in found] == [first.handle], query


def test_one_session_is_closed(root: APIClient, server: Server) -> None:
    one, two = begin(server), begin(server)
    answer = root.post(f"{SESSIONS}{one.handle}/close/")
    assert answer.json() == {"closed": [one.handle]}
    assert root.post(f"{SESSIONS}{one.handle}/close/").json() == {"closed": []}
    assert still_open() == {two.handle}
    one.refresh_from_db()
    assert one.close_reason == "closed by an operator"
    assert acted() == [("root", "api", "close", "session", "done")]


def test_many_sessions_are_closed(root: APIClient, server: Server) -> None:
    sessions = [begin(server) for _ in range(3)]
    handles = [session.handle for session in sessions[:2]]
    answer = root.post(CLOSE, {"handles": handles}, format="json")
    assert sorted(answer.json()["closed"]) == sorted(handles)
    assert still_open() == {sessions[2].handle}
    assert OperatorAction.objects.count() == 2


def test_all_sessions_of_a_user_are_closed(root: APIClient, server: Server, owner: User) -> None:
    kept = begin(server)
    begin(server, user=owner)
    begin(server, user=owner)
    assert len(root.post(CLOSE, {"user": "ada"}, format="json").json()["closed"]) == 2
    assert still_open() == {kept.handle}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "non_field_errors"),
        ({"user": "nobody"}, "user"),
        ({"handles": []}, "handles"),
        ({"handles": ["short"]}, "handles"),
        ({"handles": ["abcdefgh"]}, "handles"),
        ({"handles": "all"}, "handles"),
        ({"everybody": True}, "everybody"),
    ],
)
def test_bad_input_names_the_field_and_closes_nothing(
    root: APIClient, server: Server, body: Any, field: str
) -> None:
    session = begin(server)
    if "handles" in body and body["handles"] == ["abcdefgh"]:
        body = {"handles": [session.handle, "abcdefgh"]}
    answer = root.post(CLOSE, body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert still_open() == {session.handle}


def test_a_token_for_one_server_closes_no_session_of_another(
    clerk: Client, server: Server, other: Server, owner: User
) -> None:
    program = clerk("view_session", "change_session", servers=[server])
    here, there = begin(server, user=owner), begin(other, user=owner)
    assert program.post(f"{SESSIONS}{there.handle}/close/").status_code == 404
    assert program.post(CLOSE, {"user": "ada"}, format="json").json() == {"closed": [here.handle]}
    assert still_open() == {there.handle}


def test_closing_many_asks_as_often_as_closing_a_few(
    root: APIClient, server: Server, django_assert_max_num_queries: Any
) -> None:
    sessions = [begin(server) for _ in range(40)]
    handles = [session.handle for session in sessions]
    with django_assert_max_num_queries(20):
        answer = root.post(CLOSE, {"handles": [*handles, sessions[0].pk]}, format="json")
    assert sorted(answer.json()["closed"]) == sorted(handles)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (SESSIONS, "p=2026"),
        (SESSIONS, "p=2026-01-01"),
        (SESSIONS, "p=0001-01-01 00:00:00%2B14:00"),
        ("/api/calls/", "p=abc"),
    ],
)
def test_a_cursor_of_another_list_is_refused(root: APIClient, address: str, place: str) -> None:
    answer = root.get(address, {"cursor": b64encode(place.encode()).decode()})
    assert (answer.status_code, list(answer.json())) == (400, ["cursor"])


@pytest.mark.parametrize("cursor", ["zzz", b64encode(b"p=a\0").decode()])
def test_a_cursor_that_is_none_is_named(root: APIClient, cursor: str) -> None:
    answer = root.get("/api/servers/", {"cursor": cursor})
    assert (answer.status_code, list(answer.json())) == (400, ["cursor"])


@pytest.mark.parametrize("word", ["maybe", "True!", "yes"])
def test_a_word_for_neither_yes_nor_no_is_refused(root: APIClient, word: str) -> None:
    for address, name in ((SESSIONS, "is_open"), ("/api/servers/", "is_default")):
        answer = root.get(address, {name: word})
        assert (answer.status_code, list(answer.json())) == (400, [name])
        assert root.get(address, {name: ""}).status_code == 200
