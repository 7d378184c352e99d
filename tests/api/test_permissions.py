"""Tests of mcp_transport.api.permissions: who may do what, endpoint by endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.test import APIClient

from mcp_transport.audit.operators import Operator, Subject, record_action
from mcp_transport.models import Call, Identity, Server, Session, TextEntry, Token
from tests.api.conftest import Client, acted, with_token

ISSUER = "https://login.example"

#: Method, address, body, the permission that opens it, the status then.
MATRIX: list[tuple[str, str, Any, str, int]] = [
    ("get", "/api/servers/", None, "view_server", 200),
    ("post", "/api/servers/", {"slug": "new"}, "add_server", 201),
    ("get", "/api/servers/main/", None, "view_server", 200),
    ("put", "/api/servers/main/", {"slug": "main"}, "change_server", 200),
    ("patch", "/api/servers/main/", {"title": "x"}, "change_server", 200),
    ("delete", "/api/servers/main/", None, "delete_server", 204),
    ("get", "/api/servers/main/entries/", None, "view_server", 200),
    ("get", "/api/servers/main/entries/tool/echo/", None, "view_server", 200),
    ("patch", "/api/servers/main/entries/tool/echo/", {}, "change_entryoverride", 200),
    ("delete", "/api/servers/main/entries/tool/add/", None, "change_entryoverride", 204),
    ("get", "/api/sessions/", None, "view_session", 200),
    ("get", "/api/sessions/abcdefgh/", None, "view_session", 200),
    ("post", "/api/sessions/abcdefgh/close/", None, "change_session", 200),
    ("post", "/api/sessions/close/", {"user": "owner"}, "change_session", 200),
    ("get", "/api/calls/", None, "view_call", 200),
    ("get", "/api/calls/{call}/", None, "view_call", 200),
    ("get", "/api/calls/export.csv", None, "view_call", 200),
    ("get", "/api/calls/export.jsonl", None, "view_call", 200),
    ("get", "/api/stats/", None, "view_overview", 200),
    ("get", "/api/actions/", None, "view_operatoraction", 200),
    ("get", "/api/actions/{action}/", None, "view_operatoraction", 200),
    ("get", "/api/tokens/", None, "view_token", 200),
    ("post", "/api/tokens/", {"name": "n", "owner": "owner"}, "add_token", 201),
    ("get", "/api/tokens/{token}/", None, "view_token", 200),
    ("patch", "/api/tokens/{token}/", {"name": "x"}, "change_token", 200),
    ("put", "/api/tokens/{token}/", {"name": "x", "owner": "owner"}, "change_token", 200),
    ("post", "/api/tokens/{token}/rotate/", {}, "change_token", 201),
    ("post", "/api/tokens/{token}/revoke/", None, "change_token", 200),
    ("delete", "/api/tokens/{token}/", None, "delete_token", 204),
    ("get", "/api/identities/", None, "view_identity", 200),
    (
        "post",
        "/api/identities/",
        {"issuer": ISSUER, "subject": "s2", "user": "owner"},
        "add_identity",
        201,
    ),
    ("get", "/api/identities/{identity}/", None, "view_identity", 200),
    ("delete", "/api/identities/{identity}/", None, "delete_identity", 204),
    ("get", "/api/texts/", None, "view_textentry", 200),
    ("post", "/api/texts/", {"name": "n", "text": "t"}, "add_textentry", 201),
    ("get", "/api/texts/{text}/", None, "view_textentry", 200),
    ("patch", "/api/texts/{text}/", {"text": "x"}, "change_textentry", 200),
    ("put", "/api/texts/{text}/", {"name": "n", "text": "t"}, "change_textentry", 200),
    ("delete", "/api/texts/{text}/", None, "delete_textentry", 204),
    ("get", "/api/chains/", None, "view_auditcheckpoint", 200),
    ("post", "/api/chains/operators/verify/", None, "view_auditcheckpoint", 200),
    ("post", "/api/chains/verify/", None, "view_auditcheckpoint", 200),
]
NEVER = [
    ("post", "/api/calls/"),
    ("delete", "/api/calls/{call}/"),
    ("patch", "/api/calls/{call}/"),
    ("post", "/api/actions/"),
    ("delete", "/api/actions/{action}/"),
    ("put", "/api/actions/{action}/"),
    ("delete", "/api/sessions/abcdefgh/"),
    ("post", "/api/chains/"),
    ("patch", "/api/identities/{identity}/"),
]
IDS = [f"{method} {path}" for method, path, *_ in MATRIX]


@pytest.fixture
def rows(server: Server, settings: Settings) -> dict[str, int]:
    """One row of everything that the addresses name."""
    settings.MCP_ISSUERS = {ISSUER: {}}
    now = timezone.now()
    owner = User.objects.create_user("owner")
    session_id = "abcdefgh" + "x" * 35
    Session.objects.create(id=session_id, server=server, owner="x", user=owner, last_seen_at=now)
    server.overrides.create(kind="tool", name="add", title="Add")
    call = Call.objects.create(
        worker="w", sequence=1, duration_us=5, server="main", started_at=now, method="ping"
    )
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    text = TextEntry(name="greet", text="Hello")
    text.save()
    identity = Identity.objects.create(issuer=ISSUER, subject="s1", user=owner)
    by = Operator(way="admin", username="root")
    action = record_action(by, "add", Subject(kind="server"))
    return {
        "call": call.pk,
        "token": token.pk,
        "text": text.pk,
        "action": action.pk,
        "identity": identity.pk,
    }


def ask(program: APIClient, method: str, path: str, body: Any, rows: dict[str, int]) -> int:
    """The status of the answer."""
    answer = getattr(program, method)(path.format(**rows), body, format="json")
    return int(answer.status_code)


@pytest.mark.parametrize(("method", "path", "body", "codename", "status"), MATRIX, ids=IDS)
def test_the_permission_opens_it(
    clerk: Client,
    rows: dict[str, int],
    method: str,
    path: str,
    body: Any,
    codename: str,
    status: int,
) -> None:
    assert ask(clerk(codename), method, path, body, rows) == status


@pytest.mark.parametrize(("method", "path", "body", "codename", "status"), MATRIX, ids=IDS)
def test_every_other_permission_leaves_it_closed(
    clerk: Client,
    rows: dict[str, int],
    method: str,
    path: str,
    body: Any,
    codename: str,
    status: int,
) -> None:
    others = {codename for *_, codename, _ in MATRIX} - {codename}
    assert ask(clerk(*others), method, path, body, rows) == 403


@pytest.mark.parametrize(("method", "path", "body", "codename", "status"), MATRIX, ids=IDS)
def test_nobody_and_whoever_is_no_staff_is_kept_out(
    rows: dict[str, int], method: str, path: str, body: Any, codename: str, status: int
) -> None:
    assert ask(APIClient(), method, path, body, rows) == 401
    customer = User.objects.create_superuser("customer")
    User.objects.filter(pk=customer.pk).update(is_staff=False)
    assert ask(with_token(customer), method, path, body, rows) == 403


def test_every_operation_is_in_the_table() -> None:
    generator: Any = SchemaGenerator
    paths = generator().get_schema(request=None, public=True)["paths"]
    tried = [(method, path.replace("{", "").replace("}", "")) for method, path, *_ in MATRIX]
    missing = [
        (method, path)
        for path, operations in paths.items()
        for method in operations
        if not any(
            m == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), p) for m, p in tried
        )
    ]
    assert missing == []


@pytest.mark.parametrize(("method", "path"), NEVER)
def test_the_record_is_changed_by_nobody(
    root: APIClient, rows: dict[str, int], method: str, path: str
) -> None:
    assert ask(root, method, path, {}, rows) == 405


@pytest.mark.django_db(transaction=True)
def test_what_was_denied_is_kept_where_a_request_is_a_transaction(
    clerk: Client, rows: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert ask(clerk(), "delete", "/api/servers/main/", None, rows) == 403
    assert acted()[1:] == [("clerk", "api", "delete", "server", "denied")]


def test_what_was_denied_is_kept_and_a_refused_look_is_not(
    clerk: Client, rows: dict[str, int]
) -> None:
    program = clerk()
    assert ask(program, "get", "/api/servers/", None, rows) == 403
    assert ask(program, "delete", "/api/servers/main/", None, rows) == 403
    assert ask(program, "post", "/api/sessions/abcdefgh/close/", None, rows) == 403
    assert acted()[1:] == [
        ("clerk", "api", "delete", "server", "denied"),
        ("clerk", "api", "close", "session", "denied"),
    ]


def test_a_denial_names_the_permission(clerk: Client) -> None:
    answer = clerk().get("/api/servers/")
    assert "mcp_transport.view_server" in answer.json()["detail"]


@pytest.fixture
def of_the_site(settings: Settings) -> Iterator[None]:
    """What a site's own views go by."""
    settings.REST_FRAMEWORK = {
        "UNAUTHENTICATED_USER": None,
        "DATETIME_FORMAT": "%d.%m.%Y",
        "DATETIME_INPUT_FORMATS": ["%d.%m.%Y"],
        "EXCEPTION_HANDLER": "tests.api.test_permissions.in_another_form",
    }
    api_settings.reload()
    yield
    settings.REST_FRAMEWORK = {}
    api_settings.reload()


def in_another_form(error: Exception, context: dict[str, Any]) -> Response:
    """Say no more than that."""
    return Response({"oops": True}, status=418)


@pytest.mark.usefixtures("of_the_site")
def test_what_a_site_says_of_its_own_views_changes_nothing_here(
    root: APIClient, server: Server
) -> None:
    for address in ("/api/", "/api/servers/", "/api/schema/", "/api/docs/", "/api/stats/"):
        assert APIClient().get(address).status_code == 401
    assert APIClient().delete("/api/servers/main/").status_code == 401
    assert root.get("/api/servers/nobody/").json() == {
        "detail": "No Server matches the given query."
    }
    shown = root.get("/api/servers/main/").json()["created_at"]
    assert datetime.fromisoformat(shown) == server.created_at
    assert datetime.fromisoformat(root.get("/api/stats/").json()["started_at"]) < timezone.now()
    body = {"owner": "root", "name": "x", "expires_at": "2100-01-01T00:00:00Z"}
    assert root.post("/api/tokens/", body, format="json").status_code == 201
