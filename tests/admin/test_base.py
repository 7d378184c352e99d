"""Tests of mcp_transport.admin.base, over every page that is read-only."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.admin.base import RecordedAdmin
from mcp_transport.audit.chain import OPERATORS
from mcp_transport.audit.operators import Operator, Subject, record_action
from mcp_transport.audit.verification import verify
from mcp_transport.models import (
    AuditCheckpoint,
    Call,
    Event,
    OperatorAction,
    Server,
    Session,
    Stream,
    Token,
    Worker,
)
from mcp_transport.models.server import Transport
from mcp_transport.protocol.revisions import SUPPORTED

READ_ONLY = [AuditCheckpoint, Call, Event, OperatorAction, Session, Stream, Worker]
ROOT = Operator(way="admin", username="root")


@pytest.fixture
def rows(server: Server) -> dict[type[Model], Model]:
    """One row of everything."""
    now = timezone.now()
    session = Session.objects.create(server=server, owner="user:1", last_seen_at=now)
    stream = Stream.objects.create(session=session, worker="w", opened_at=now)
    call: dict[str, Any] = {"worker": "w", "sequence": 1, "duration_us": 5, "server": "main"}
    return {
        AuditCheckpoint: AuditCheckpoint.objects.create(worker="w", sequence=1, created_at=now),
        Server: server,
        OperatorAction: record_action(ROOT, "add", Subject(kind="server")),
        Session: session,
        Stream: stream,
        Event: Event.objects.create(stream=stream, sequence=1, data="{}", created_at=now),
        Call: Call.objects.create(started_at=now, method="tools/call", outcome="ok", **call),
        Worker: Worker.objects.create(id="w", hostname="h", pid=1, started_at=now, seen_at=now),
    }


def url(model: type[Model], page: str, *arguments: object) -> str:
    """Where a page of the admin is."""
    return reverse(f"admin:mcp_transport_{model._meta.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("model", [*READ_ONLY, Server])
def test_every_page_shows_its_rows(
    operator: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    assert operator.get(url(model, "changelist"), {"q": "a"}).status_code == 200
    shown = operator.get(url(model, "change", rows[model].pk), follow=True)
    assert shown.status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_nobody_makes_changes_or_deletes_what_requests_made(
    operator: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    key = rows[model].pk
    for address in (url(model, "add"), url(model, "change", key), url(model, "delete", key)):
        assert operator.post(address, {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=key).exists()


@pytest.mark.parametrize("model", READ_ONLY)
def test_no_action_deletes_what_requests_made(
    operator: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    selected = {"action": "delete_selected", "_selected_action": rows[model].pk, "post": "yes"}
    operator.post(url(model, "changelist"), selected)
    assert model._default_manager.exists()


def test_every_table_but_the_inbox_and_the_overrides_has_a_page() -> None:
    registered = {model for model in admin.site._registry if is_ours(model)}
    assert {model.__name__ for model in registered} == {
        "AuditCheckpoint",
        "Call",
        "Connection",
        "Event",
        "Identity",
        "OperatorAction",
        "Overview",
        "Server",
        "Session",
        "Stream",
        "Task",
        "TextEntry",
        "Token",
        "Worker",
    }


def acted() -> list[tuple[str, str, str, str]]:
    """What was kept, the oldest first."""
    columns = ("action", "kind", "object_name", "outcome")
    return list(OperatorAction.objects.order_by("id").values_list(*columns))


def server_form(**fields: object) -> dict[str, object]:
    """What the page of a server sends."""
    form = {"slug": "main", "title": "Main", "access": "token", "offers": "*", "is_enabled": "on"}
    every = {"revisions": SUPPORTED, "transports": Transport.values}
    return {**form, **every, **fields}


def test_every_page_keeps_what_is_done_on_it() -> None:
    pages = [page for model, page in admin.site._registry.items() if is_ours(model)]
    assert all(isinstance(page, RecordedAdmin) for page in pages)


def is_ours(model: type[Model]) -> bool:
    """Whether a table is the project's."""
    return model.__module__.startswith("mcp_")


def test_what_a_form_changes_is_kept_with_before_and_after(
    operator: Client, server: Server
) -> None:
    assert operator.post(url(Server, "add"), server_form(slug="new", title="")).status_code == 302
    address = url(Server, "change", server.pk)
    assert operator.post(address, server_form(title="Other")).status_code == 302
    assert operator.post(address, server_form(title="Other")).status_code == 302
    assert acted() == [("add", "server", "new", "done"), ("change", "server", "Other", "done")]
    changed, added = OperatorAction.objects.all()
    assert changed.difference == {"title": ["Main", "Other"]}
    assert added.difference["slug"] == [None, "new"]
    assert (changed.username, changed.way, changed.address) == ("root", "admin", "127.0.0.1")
    assert verify(OPERATORS).broken is None


@pytest.mark.parametrize("is_selected", [False, True])
def test_a_deletion_is_kept(operator: Client, server: Server, is_selected: bool) -> None:
    selected = {"action": "delete_selected", "_selected_action": server.pk}
    address = url(Server, "changelist") if is_selected else url(Server, "delete", server.pk)
    operator.post(address, {"post": "yes", **(selected if is_selected else {})})
    assert not Server.objects.exists()
    assert acted() == [("delete", "server", "Main", "done")]


def test_an_action_of_a_list_is_kept_for_each_row_that_it_changed(
    operator: Client, owner: User
) -> None:
    tokens = [Token.objects.issue(owner=owner, name=name)[0] for name in ("a", "b")]
    selected = {"action": "revoke_tokens", "_selected_action": [token.pk for token in tokens]}
    operator.post(url(Token, "changelist"), selected)
    operator.post(url(Token, "changelist"), selected)
    assert [(action, kind) for action, kind, *_ in acted()] == [("revoke", "token")] * 2


def test_what_was_denied_is_kept_and_what_was_only_looked_at_is_not(server: Server) -> None:
    clerk = Client()
    clerk.force_login(User.objects.create_user("clerk", is_staff=True))
    address = url(Server, "change", server.pk)
    assert clerk.get(address).status_code == 403
    assert clerk.post(address, server_form()).status_code == 403
    assert clerk.post(url(Server, "delete", server.pk), {"post": "yes"}).status_code == 403
    assert clerk.post(url(Server, "changelist"), {"action": "x"}).status_code == 403
    assert acted() == [
        ("change", "server", "", "denied"),
        ("delete", "server", "", "denied"),
        ("x", "server", "", "denied"),
    ]
    assert {row.username for row in OperatorAction.objects.all()} == {"clerk"}


@pytest.mark.django_db(transaction=True)
def test_what_was_denied_is_kept_where_a_request_is_a_transaction(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    clerk = Client()
    clerk.force_login(User.objects.create_user("clerk", is_staff=True))
    assert clerk.post(url(Server, "delete", server.pk), {"post": "yes"}).status_code == 403
    assert clerk.post(reverse("admin:mcp_sessions_close"), {"user": "x"}).status_code == 403
    assert [outcome for *_, outcome in acted()] == ["denied", "denied"]


def test_whoever_may_view_the_actions_can_do_no_more(db: None) -> None:
    auditor = User.objects.create_user("auditor", is_staff=True)
    auditor.user_permissions.add(Permission.objects.get(codename="view_operatoraction"))
    client = Client()
    client.force_login(auditor)
    assert client.get(url(OperatorAction, "changelist")).status_code == 200
    assert not Permission.objects.filter(codename="change_operatoraction").exists()
