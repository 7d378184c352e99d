"""
A site that has been used for two days: what the pages show in tests and screenshots.

The same every time. ``fill()`` makes the rows of the browser's site; the
tests of queries and speed call ``add_calls()`` for more.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission, User
from django.http import QueryDict

from mcp_transport.admin.keyset import BEFORE, query_of
from mcp_transport.audit.operators import Operator, record_action
from mcp_transport.audit.rollups import catch_up
from mcp_transport.models import (
    Call,
    OperatorAction,
    Rollup,
    RollupProgress,
    Server,
    Session,
    Stream,
    TextEntry,
    Token,
)

HOSTILE = "<img src=x onerror=alert(1)>"
ENTRIES = (  # name, kind, share of calls, share of failures, milliseconds
    ("search_books", "tool", 40, 0.004, 18),
    ("order_book", "tool", 18, 0.06, 140),
    ("stock_report", "tool", 12, 0.01, 410),
    ("shop://books/{code}", "resource", 14, 0.0, 6),
    ("recommend", "prompt", 9, 0.0, 3),
    (HOSTILE, "tool", 7, 0.2, 60),
    ("drop_tables", "", 1, 1.0, 1),  # nobody has that
)
CLIENTS = ("Claude Code/2.4", "Cursor/1.9", "VS Code/1.112", "ci-runner/0.3", HOSTILE)
ERRORS = {
    "drop_tables": (("error", -32602, "Unknown tool"),),
    "search_books": (("error", -32602, "Invalid arguments"),),
    "order_book": (
        ("tool_error", None, "The book is sold out."),
        ("timeout", -32001, "Time limit"),
    ),
    "stock_report": (("error", -32603, "OperationalError"),),
    HOSTILE: (("tool_error", None, HOSTILE),),
}
PEOPLE = ("alice", "bob", "carol", HOSTILE)


def fill(calls: int = 6000) -> None:
    """Make users, servers, sessions, tokens and calls; they are the same in every run."""
    add_users()
    servers = add_servers()
    add_text()
    add_conversations(servers)
    add_calls(calls, servers=[server.slug for server in servers[:2]])
    add_actions(servers)
    catch_up("seed")


def keys() -> dict[str, Any]:
    """The rows that the paths of pages name: ``{server}`` is the key of one."""
    last = Call.objects.order_by("-pk").values_list("pk", flat=True)[0]
    return {
        "server": Server.objects.get(slug="invoices").pk,
        "session_handle": Session.objects.filter(closed_at=None).order_by("created_at")[0].handle,
        "token": Token.objects.order_by("pk")[0].pk,
        "text": TextEntry.objects.get().pk,
        "action": OperatorAction.objects.order_by("-pk").values_list("pk", flat=True)[0],
        "call": Call.objects.filter(username=HOSTILE)
        .order_by("-pk")
        .values_list("pk", flat=True)[0],
        "deep": query_of(QueryDict(), BEFORE, [last // 2]).partition("=")[2],
    }


def add_users() -> None:
    """``root`` may do all, ``viewer`` sees all, ``clerk`` is staff without a permission."""
    User.objects.create_superuser("root", password="root")
    viewer = User.objects.create_user("viewer", password="viewer", is_staff=True)
    ours = Permission.objects.filter(content_type__app_label="mcp_transport")
    viewer.user_permissions.set(ours.filter(codename__startswith="view_"))
    User.objects.create_user("clerk", password="clerk", is_staff=True)
    for name in PEOPLE:
        User.objects.create_user(name)


def add_servers() -> list[Server]:
    """Two that are used, and one that is turned off."""
    rows: list[dict[str, Any]] = [
        {"slug": "shop", "title": "Bookshop", "is_default": True, "access": "public"},
        {"slug": "invoices", "title": f"Invoices {HOSTILE}", "offers": ["good"]},
        {"slug": "archive", "title": "Archive", "is_enabled": False},
    ]
    return [Server.objects.create(**row) for row in rows]


def add_text() -> None:
    """A prompt in two versions."""
    entry = TextEntry(name="welcome", title=HOSTILE, text="Welcome to the bookshop.")
    entry.save(author="alice")
    entry.text = f"Welcome, {HOSTILE}!"
    entry.save(author="bob")


def add_conversations(servers: list[Server]) -> None:
    """Open and closed sessions, streams and tokens."""
    now = datetime.now(UTC)
    users = list(User.objects.filter(username__in=PEOPLE).order_by("pk"))
    for number in range(17):
        user = users[number % len(users)]
        session = Session.objects.create(
            server=servers[number % 2], owner=f"user:{user.pk}", user=user, revision="2025-11-25",
            client_name=CLIENTS[number % len(CLIENTS)], client_version="1", transport="streamable_http",
            is_initialized=True, last_seen_at=now - timedelta(seconds=number),
            closed_at=None if number < 13 else now, close_reason="" if number < 13 else "client",
        )  # fmt: skip
        if number % 3 == 0 and session.closed_at is None:
            Stream.objects.create(session=session, worker="w", method="GET", opened_at=now)
    for user in users:
        Token.objects.issue(owner=user, name=f"laptop of {user.username}")


def add_actions(servers: list[Server]) -> None:
    """What operators did to the servers."""
    operator = Operator(way="admin", username=HOSTILE, address="192.0.2.7")
    for server in servers:
        record_action(operator, "add", server, changes={"title": [None, server.title]})
    record_action(operator, "change", servers[1], changes={"description": ["", HOSTILE]})
    record_action(operator, "delete", servers[2], outcome="denied")


def add_calls(
    number: int, *, servers: list[str], span: timedelta = timedelta(days=2), worker: str = "seed"
) -> None:
    """Spread calls over the time before now, more of them by day."""
    rows = made_calls(number, servers, span, worker)
    Call.objects.bulk_create(rows, batch_size=500)


def made_calls(number: int, servers: list[str], span: timedelta, worker: str) -> Iterator[Call]:
    """The rows, oldest first."""
    chance = random.Random(7)
    now = datetime.now(UTC)
    weights = [entry[2] for entry in ENTRIES]
    users = {user.username: user.pk for user in User.objects.filter(username__in=PEOPLE)}
    for sequence in range(1, number + 1):
        name, kind, _, failing, typical = chance.choices(ENTRIES, weights)[0]
        fraction = 1 - (sequence - chance.random()) / number
        server = chance.choices(servers, range(len(servers), 0, -1))[0]
        fails = chance.random() < failing * (3 if server == "invoices" else 1)
        outcome, code, error = chance.choice(ERRORS[name]) if fails else ("ok", None, "")
        person = chance.choice(PEOPLE)
        yield Call(
            worker=worker, sequence=sequence, started_at=now - span * fraction,
            duration_us=int(typical * 1000 * chance.lognormvariate(0, 0.7)),
            server=server,
            method="resources/read" if kind == "resource" else "tools/call", kind=kind, entry=name,
            revision="2026-07-28", transport="streamable_http", client=chance.choice(CLIENTS),
            principal=f"user:{users.get(person, 0)}", username=person, user_id=users.get(person),
            outcome=outcome, error_code=code, error=error, arguments="{}", result_bytes=420,
        )  # fmt: skip


def tidy() -> None:
    """Give the rows whose names were made to hurt usual ones, for pictures."""
    Call.objects.filter(entry=HOSTILE).update(entry="cancel_order", error="Already sent.")
    Call.objects.filter(client=HOSTILE).update(client="Claude Desktop/1.4")
    Call.objects.filter(username=HOSTILE).update(username="dora")
    User.objects.filter(username=HOSTILE).update(username="dora")
    Session.objects.filter(client_name=HOSTILE).update(client_name="Claude Desktop")
    Server.objects.filter(slug="invoices").update(title="Invoices")
    Token.objects.filter(name__contains=HOSTILE).update(name="laptop of dora")
    Rollup.objects.all().delete()
    RollupProgress.objects.all().delete()
    catch_up("seed")
