"""Rows that are changed here, and that the other worker processes hear of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, Permission, User
from django.db import models, transaction
from django.db.models.signals import post_save
from django.utils import timezone

from mcp_transport.models import Announcement, EntryOverride, Server, Session, TextEntry, Token
from mcp_transport.receivers import SERVERS, SESSIONS, TOKENS, connect
from mcp_transport.streams.notices import Notice, Stale
from mcp_transport.worker import lifespan


class Visitor(AbstractBaseUser):
    """A user without Django's groups and permissions."""

    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"

    class Meta:
        app_label = "receivers_test"


def test_users_without_permissions_of_djangos_own_are_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mcp_transport.receivers.get_user_model", lambda: Visitor)
    connect()
    assert post_save.has_listeners(Visitor)


class FakeRuntime:
    def __init__(self) -> None:
        self.announced: list[Notice] = []

    def announce(self, notice: Notice) -> None:
        self.announced.append(notice)


@pytest.fixture
def announced(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> list[Notice]:
    fake = FakeRuntime()
    monkeypatch.setattr(lifespan, "_current", fake)
    return fake.announced


Act = Callable[[Server, User, Token], Any]


def a_session(server: Server) -> Session:
    return Session(
        server=server, owner="anonymous", revision="2025-11-25", last_seen_at=timezone.now()
    )


def a_closed_session(server: Server) -> None:
    a_session(server).save()
    Session.objects.all().close("operator")


@pytest.mark.parametrize(
    ("act", "notice"),
    [
        (lambda server, user, token: server.save(), SERVERS),
        (lambda server, user, token: Server.objects.create(slug="new"), SERVERS),
        (lambda server, user, token: EntryOverride(server=server, name="x", kind="tool").save(), SERVERS),
        (lambda server, user, token: token.save(), TOKENS),
        (lambda server, user, token: Token.objects.all().revoke(), TOKENS),
        (lambda server, user, token: token.servers.add(server), TOKENS),
        (lambda server, user, token: user.save(), TOKENS),
        (lambda server, user, token: user.user_permissions.add(Permission.objects.all()[0]), TOKENS),
        (lambda server, user, token: Group.objects.create(name="g").user_set.add(user), TOKENS),
        (lambda server, user, token: a_session(server).save(), SESSIONS),
        (lambda server, user, token: a_closed_session(server), SESSIONS),
        (lambda server, user, token: TextEntry(name="hello", text="Hello.").save(), SERVERS),
    ],
)  # fmt: skip
def test_a_change_is_announced(announced: list[Notice], act: Act, notice: Notice) -> None:
    server = Server.objects.create(slug="main")
    user = User.objects.create(username="ada")
    token = Token.objects.issue(owner=user, name="t")[0]
    announced.clear()
    act(server, user, token)
    assert set(announced) == {notice}


def test_who_waits_for_reports_is_named(announced: list[Notice]) -> None:
    server = Server.objects.create(slug="main")
    announced.clear()
    row = Announcement.objects.create(server=server)
    assert announced == [Stale("servers", str(row.pk))]


def test_a_deletion_is_announced(announced: list[Notice]) -> None:
    server = Server.objects.create(slug="main")
    announced.clear()
    server.delete()
    assert SERVERS in announced


def test_a_change_is_announced_when_it_can_be_seen(announced: list[Notice]) -> None:
    with transaction.atomic():
        Server.objects.create(slug="main")
        assert announced == []
    assert announced == [SERVERS]


def test_a_change_that_was_taken_back_is_not_announced(announced: list[Notice]) -> None:
    def create_and_fail() -> None:
        with transaction.atomic():
            Server.objects.create(slug="main")
            raise LookupError

    with pytest.raises(LookupError):
        create_and_fail()
    assert announced == []


def test_a_login_changes_nobodys_rights(announced: list[Notice]) -> None:
    user = User.objects.create(username="ada")
    announced.clear()
    user.save(update_fields=["last_login"])
    assert announced == []


def test_a_process_that_does_not_serve_tells_nobody(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lifespan, "_current", None)
    Server.objects.create(slug="main")
    assert not caplog.records  # where Django would say that the announcement failed


@pytest.mark.django_db
@pytest.mark.parametrize("by_query", [False, True])
def test_a_token_is_not_good_for_more_when_its_servers_go(owner: User, *, by_query: bool) -> None:
    one, two, three = (Server.objects.create(slug=slug) for slug in ("one", "two", "three"))
    every, _ = Token.objects.issue(owner=owner, name="every")
    other, _ = Token.objects.issue(owner=owner, name="other", servers=[two, three])
    both, _ = Token.objects.issue(owner=owner, name="both", servers=[one, two])
    if by_query:
        Server.objects.filter(slug__in=["one", "two"]).delete()
    else:
        one.delete()
        assert Token.objects.usable().count() == 3
        two.delete()
    assert set(Token.objects.usable()) == {every, other}
    assert list(other.servers.all()) == [three]
    both.refresh_from_db()
    assert not both.is_usable
