"""Tests of mcp_transport.admin.base, over every page that is read-only."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.models import AuditCheckpoint, Call, Event, Server, Session, Stream, Worker

READ_ONLY = [AuditCheckpoint, Call, Event, Session, Stream, Worker]


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
    assert operator.get(url(model, "change", rows[model].pk)).status_code == 200


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
    registered = {model for model in admin.site._registry if model.__module__.startswith("mcp_")}
    assert {model.__name__ for model in registered} == {
        "AuditCheckpoint",
        "Call",
        "Event",
        "Server",
        "Session",
        "Stream",
        "Token",
        "Worker",
    }
