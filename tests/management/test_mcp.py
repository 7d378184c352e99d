"""Tests of ``manage.py mcp`` and its sub-commands."""

from __future__ import annotations

import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from mcp_transport.management.subcommands import SUBCOMMANDS
from mcp_transport.models import OperatorAction, Server, Session, Token
from mcp_transport.models.token_value import digest

pytestmark = pytest.mark.django_db


def mcp(*arguments: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("mcp", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_every_sub_command_has_a_line_of_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("mcp", "--help")
    shown = capsys.readouterr().out
    assert all(f"    {name}" in shown for name in SUBCOMMANDS)


def test_sub_commands_work_without_docstrings(monkeypatch: pytest.MonkeyPatch) -> None:
    for subcommand in SUBCOMMANDS.values():  # as `python -OO` leaves them
        monkeypatch.setattr(subcommand, "__doc__", None)
    assert mcp("servers").startswith("PATH")


def test_a_sub_command_has_to_be_named() -> None:
    with pytest.raises(CommandError, match="sub-command"):
        mcp()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve", "--port", "99999"], "'99999' is no whole number from 0 to 65535"),
        (["serve", "--port", "-1"], "no whole number"),
        (["serve", "--workers", "0"], "no whole number from 1 to 1024"),
        (["doctor", "http://x/mcp", "--timeout", "nan"], "'nan' is no number of seconds"),
        (["doctor", "http://x/mcp", "--patience", "-1"], "'-1' is no number of seconds from 0"),
        (["connect", "http://[::1/mcp"], "is no endpoint"),
        (["connect", "http:///mcp"], "is no endpoint"),
        (["connect", "http://x:99999/mcp"], "is no endpoint"),
        (["call", "main", "echo", "text=\udcff"], "is no text in UTF-8"),
        (["call", "main", "echo", 'text:="\\ud800"'], "text holds half a character"),
        (["call", "main", "echo", f"text:={'[' * 100_000}"], "text is not JSON"),
        (["token", "create", "ada", "\udcff"], "is no text in UTF-8"),
        (["sessions", "--limit", "-1"], "no whole number"),
        (["token", "revoke", "9" * 30], "no whole number"),
    ],
)
def test_an_argument_that_can_be_none_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        mcp(*arguments)


def test_servers_are_listed_with_their_paths(server: Server) -> None:
    Server.objects.create(slug="shop", access="permission", permission="shop.use", is_enabled=False)
    heads, main, shop = mcp("servers").splitlines()
    assert heads.split() == ["PATH", "TITLE", "ACCESS", "ENABLED", "DEFAULT", "OFFERS"]
    assert main.split() == ["/mcp/main", "Main", "token", "yes", "-", "*"]
    assert shop.split() == ["/mcp/shop", "shop.use", "-", "-", "*"]


def test_a_token_is_issued_and_its_value_alone_printed(owner: User, server: Server) -> None:
    value = mcp(
        "token", "create", "ada", "ci", "--server", "main", "--scope", "tools", "--days", "2"
    )
    token = Token.objects.get(digest=digest(value.strip()))
    assert (token.owner, token.name, token.scopes) == (owner, "ci", ["tools"])
    assert list(token.servers.all()) == [server]
    assert token.expires_at is not None
    assert token.expires_at - timezone.now() <= timedelta(days=2)


def test_what_a_command_does_to_tokens_is_kept(owner: User) -> None:
    mcp("token", "create", "ada", "ci")
    token = Token.objects.get()
    mcp("token", "revoke", str(token.pk))
    mcp("token", "revoke", str(token.pk))
    revoked, added = OperatorAction.objects.all()
    assert (added.action, added.way, added.object_id) == ("add", "command", str(token.pk))
    assert added.difference["name"] == [None, "ci"]
    assert revoked.action == "revoke"


def test_the_remark_about_a_token_does_not_hold_it(owner: User) -> None:
    out, err = StringIO(), StringIO()
    call_command("mcp", "token", "create", "ada", "ci", "--forever", stdout=out, stderr=err)
    assert "good for ever" in err.getvalue()
    assert out.getvalue().strip() not in err.getvalue()


def test_a_token_lasts_as_the_settings_say_unless_told_otherwise(owner: User) -> None:
    mcp("token", "create", "ada", "short")
    mcp("token", "create", "ada", "long", "--forever")
    assert Token.objects.get(name="short").expires_at is not None
    assert Token.objects.get(name="long").expires_at is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eve", "ci"], "no user 'eve'"),
        (["ada", "ci", "--server", "shop"], "no server 'shop'"),
        (["ada", "ci", "--scope", "everything"], "tools:read"),
        (["ada", "ci", "--days", "0"], "'0' is no whole number from 1 to 36500"),
        (["ada", "ci", "--days", "99999999999"], "no whole number"),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_the_reason(
    owner: User, arguments: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        mcp("token", "create", *arguments)


def test_tokens_are_listed_without_their_values(owner: User, server: Server) -> None:
    _, value = Token.objects.issue(owner=owner, name="laptop", servers=[server])
    Token.objects.issue(owner=User.objects.create_user("bob"), name="phone", scopes=["tools"])
    listed = mcp("token", "list")
    assert "laptop" in listed
    assert "phone" in listed
    assert value[:8] in listed
    assert value[8:] not in listed
    assert "laptop" not in mcp("token", "list", "--user", "bob")


def test_a_token_is_revoked_by_its_number(owner: User) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    assert mcp("token", "revoke", str(token.pk)) == "1 revoked\n"
    assert not Token.objects.usable()


def test_nothing_is_revoked_when_a_number_is_wrong(owner: User) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    with pytest.raises(CommandError, match="no token 999; nothing was revoked"):
        mcp("token", "revoke", str(token.pk), "999")
    assert Token.objects.usable()


def test_open_sessions_are_listed_without_their_ids(server: Server, owner: User) -> None:
    session = Session.objects.create(
        server=server,
        owner=f"user:{owner.pk}",
        user=owner,
        client_name="evil\x1b[2J",
        last_seen_at=timezone.now(),
    )
    listed = mcp("sessions")
    assert "ada" in listed
    assert session.pk[:8] in listed
    assert session.pk not in listed
    assert "\x1b" not in listed


def test_closed_sessions_are_listed_when_asked_for(server: Server) -> None:
    Session.objects.create(server=server, owner="user:7", last_seen_at=timezone.now())
    Session.objects.all().close("expired")
    assert "user:7" not in mcp("sessions")
    assert "expired" in mcp("sessions", "--all")


def test_cleaning_says_how_much_of_each() -> None:
    assert "0 sessions expired" in mcp("clean").splitlines()


@pytest.fixture
def served(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What would be served, and how."""
    settings.ASGI_APPLICATION = "mcpsite.asgi.application"
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr("mcp_transport.serving.servers.serve", lambda *how: calls.append(how))
    return calls


def test_the_site_is_served_and_where_is_said(served: list[tuple[object, ...]]) -> None:
    err = StringIO()
    call_command("mcp", "serve", "--port", "9000", "--workers", "3", stderr=err)
    assert served == [("127.0.0.1", 9000, "uvicorn", 3)]
    assert "Serving on http://127.0.0.1:9000/mcp/<server>" in err.getvalue()
    call_command("mcp", "serve", "--host", "::1", stderr=err)
    assert "http://[::1]:8000/mcp/" in err.getvalue()


def test_what_is_missing_to_serve_with_is_named(
    served: list[tuple[object, ...]], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(CommandError, match="uvicorn is missing: .* the extra 'server'"):
        mcp("serve")
    settings.ASGI_APPLICATION = None
    with pytest.raises(CommandError, match="ASGI_APPLICATION does not say what is to be served"):
        mcp("serve")
    assert served == []
