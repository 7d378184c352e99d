"""Tests of mcp_transport.models.token."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from mcp_transport.models import Server, Session, Token
from mcp_transport.models.token_value import digest, is_well_formed

pytestmark = pytest.mark.django_db


def test_the_value_is_returned_and_only_its_digest_kept(owner: User) -> None:
    token, value = Token.objects.issue(owner=owner, name="laptop")
    assert is_well_formed(value)
    token.refresh_from_db()
    assert token.digest == digest(value)
    assert token.hint == value[:8]
    assert not any(value in str(stored) for stored in vars(token).values())
    assert value not in repr(token)


def test_a_token_expires_when_the_settings_say(owner: User, settings: Settings) -> None:
    settings.MCP_TOKEN_LIFETIME_DAYS = 3
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    assert token.expires_at is not None
    assert timedelta(days=2, hours=23) < token.expires_at - timezone.now() <= timedelta(days=3)


def test_a_token_can_be_made_to_last(owner: User, settings: Settings) -> None:
    assert Token.objects.issue(owner=owner, name="a", expires_at=None)[0].expires_at is None
    settings.MCP_TOKEN_LIFETIME_DAYS = None
    assert Token.objects.issue(owner=owner, name="b")[0].expires_at is None


def test_a_token_names_its_servers_and_scopes(owner: User, server: Server) -> None:
    scopes = ["tools:read", "tool:pay"]
    token, _ = Token.objects.issue(owner=owner, name="a", servers=[server], scopes=scopes)
    assert list(token.servers.all()) == [server]
    assert token.scopes == scopes


@pytest.mark.parametrize("scope", ["tool", "tool:", "Tools", "*", 7])
def test_a_scope_outside_the_vocabulary_is_refused(owner: User, scope: str) -> None:
    with pytest.raises(ValidationError, match="tools:read"):
        Token.objects.issue(owner=owner, name="a", scopes=[scope])
    assert not Token.objects.exists()


def test_scopes_that_are_not_a_list_are_refused(owner: User) -> None:
    with pytest.raises(ValidationError):
        Token(owner=owner, name="a", scopes={"tools": True}).full_clean()


def test_only_tokens_that_are_accepted_now_are_usable(owner: User) -> None:
    past = timezone.now() - timedelta(seconds=1)
    good, _ = Token.objects.issue(owner=owner, name="good")
    expired, _ = Token.objects.issue(owner=owner, name="expired", expires_at=past)
    revoked, _ = Token.objects.issue(owner=owner, name="revoked")
    assert Token.objects.filter(pk=revoked.pk).revoke() == 1
    revoked.refresh_from_db()
    assert [t.is_usable for t in (good, expired, revoked)] == [True, False, False]
    assert list(Token.objects.usable()) == [good]
    User.objects.update(is_active=False)
    assert not Token.objects.usable()


def test_a_revoked_token_keeps_the_time_of_its_revocation(owner: User) -> None:
    Token.objects.issue(owner=owner, name="a")
    Token.objects.all().revoke()
    assert Token.objects.all().revoke() == 0


def test_a_token_is_shown_by_its_name_and_hint(owner: User) -> None:
    token, value = Token.objects.issue(owner=owner, name="laptop")
    assert str(token) == f"laptop ({value[:8]}…)"


def test_a_rotated_token_is_good_for_a_while_longer(owner: User, server: Server) -> None:
    old, _ = Token.objects.issue(owner=owner, name="ci", servers=[server], scopes=["tools:read"])
    new, value = old.rotate(overlap=timedelta(hours=1))
    old.refresh_from_db()
    assert (new.name, new.scopes, list(new.servers.all())) == ("ci", ["tools:read"], [server])
    assert new.digest == digest(value)
    assert old.successor == new
    assert old.expires_at is not None
    assert old.is_usable
    assert old.expires_at <= timezone.now() + timedelta(hours=1)


def test_a_rotation_makes_no_token_last_longer(owner: User) -> None:
    soon = timezone.now() + timedelta(minutes=1)
    old, _ = Token.objects.issue(owner=owner, name="ci", expires_at=soon)
    old.rotate(overlap=timedelta(hours=1))
    assert old.expires_at == soon


def test_a_revoked_token_s_sessions_end(owner: User, server: Server) -> None:
    kept, gone = (Token.objects.issue(owner=owner, name="t")[0] for _ in range(2))
    for token in (kept, gone):
        Session.objects.create(server=server, owner="x", token=token, last_seen_at=timezone.now())
    assert Token.objects.filter(pk=gone.pk).revoke() == 1
    assert Session.objects.open().get().token == kept
    assert Session.objects.get(token=gone).close_reason == "token revoked"
