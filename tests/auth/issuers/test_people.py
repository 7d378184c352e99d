"""Tests of mcp_transport.auth.issuers.people."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User

from mcp_transport.auth.errors import InvalidToken, NotPermitted
from mcp_transport.auth.issuers.claims import Account
from mcp_transport.auth.issuers.configuration import read
from mcp_transport.auth.issuers.people import Unknown, admit, present_account
from mcp_transport.models import Identity, Server

pytestmark = pytest.mark.django_db

URL = "https://login.example"
GROUPS = {"groups_claim": "groups", "groups": {"staff": "clerks", "boss": "chiefs"}}


def account(
    options: Mapping[str, Any] | None = None,
    *,
    url: str = URL,
    subject: str = "s1",
    **changed: Any,
) -> Account:
    usual: dict[str, Any] = {
        "client": "laptop",
        "slugs": frozenset({"main"}),
        "scopes": frozenset({"tools"}),
        "expires_at": time.time() + 60,
        "issued_at": 1000.0,
    }
    return Account(issuer=read(url, options or {}), subject=subject, **{**usual, **changed})


def link(user: User, url: str = URL, subject: str = "s1") -> Identity:
    return Identity.objects.create(issuer=url, subject=subject, user=user)


def test_a_linked_account_is_its_user_with_what_the_token_covers(
    owner: User, server: Server
) -> None:
    identity = link(owner)
    found = present_account(account())
    assert (found.user, found.username, found.identity_id) == (owner, "ada", identity.pk)
    assert (found.scopes, found.server_ids) == (frozenset({"tools"}), frozenset({server.pk}))
    assert found.token_id is None
    assert found.key.startswith(f"user:{owner.pk}/identity:{identity.pk}/client:")


def test_what_a_session_belongs_to_tells_clients_and_accounts_apart(
    owner: User, server: Server
) -> None:
    link(owner)
    link(owner, "https://other.example")
    link(owner, subject="s2")
    found = [
        present_account(account()),
        present_account(account(client="phone")),
        present_account(account(client="")),
        present_account(account(url="https://other.example")),
        present_account(account(subject="s2")),
    ]
    assert len({principal.key for principal in found}) == 5
    assert present_account(account(scopes=frozenset())).key == found[0].key  # a refreshed token


def test_nobody_is_found_by_their_name(owner: User, server: Server) -> None:
    named = {"preferred_username": "ada", "email": owner.email, "email_verified": True}
    for options in ({}, {"users": "create"}):
        with pytest.raises(Unknown):
            present_account(account(options, subject="ada", claims=named))
    admit(account({"users": "create"}, subject="ada", claims=named))
    assert present_account(account(subject="ada")).user != owner


def test_the_same_subject_of_two_issuers_is_two_users(server: Server) -> None:
    urls = ["https://a.example", "https://b.example"]
    for url in urls:
        admit(account({"users": "create"}, url=url))
    first, second = (present_account(account(url=url)) for url in urls)
    assert first.user != second.user
    assert first.username != second.username


def test_who_is_linked_to_nobody_is_told_what_to_do(server: Server) -> None:
    with pytest.raises(NotPermitted, match="'s1' of https://login.example is no user") as caught:
        admit(account())
    assert caught.value.status == 403
    assert "Identities" in caught.value.message
    assert not User.objects.exists()


def test_a_user_made_at_first_sight_has_no_password_and_no_rights(server: Server) -> None:
    for _ in range(2):
        admit(account({"users": "create"}))
    (user,) = User.objects.all()
    assert not user.has_usable_password()
    assert not (user.is_staff or user.is_superuser)
    assert present_account(account()).permissions == frozenset()


def test_nobody_can_foresee_what_the_user_of_an_account_will_be(server: Server) -> None:
    admit(account({"users": "create"}))
    before = User.objects.get()
    Identity.objects.all().delete()
    with pytest.raises(Unknown):
        present_account(account())
    admit(account({"users": "create"}))
    assert present_account(account()).user != before


def test_of_two_that_are_the_first_one_makes_the_user(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit(account({"users": "create"}))
    monkeypatch.setattr(type(Identity.objects.all()), "presented", lambda *_a, **_o: None)
    admit(account({"users": "create"}))
    assert User.objects.count() == Identity.objects.count() == 1


def first_of_their_name(issuer: str, claims: Mapping[str, Any]) -> Any:
    """A site's own rule."""
    assert issuer == URL
    return User.objects.filter(username=claims.get("employee", "")).first()


def test_a_site_may_have_a_rule_of_its_own(owner: User, server: Server) -> None:
    options = {"user_hook": f"{__name__}.first_of_their_name", "users": "create"}
    admit(account(options, claims={"employee": "ada"}))
    assert present_account(account()).user == owner
    with pytest.raises(NotPermitted):
        admit(account(options, subject="s2", claims={}))


def test_who_is_no_user_any_more_gets_in_nowhere(owner: User, server: Server) -> None:
    link(owner)
    User.objects.update(is_active=False)
    with pytest.raises(InvalidToken):
        present_account(account())


@pytest.mark.parametrize("slug", ["none", "off", ""])
def test_a_token_for_a_server_that_is_not_served_is_good_for_nothing(
    owner: User, server: Server, slug: str
) -> None:
    Server.objects.create(slug="off", is_enabled=False)
    link(owner)
    with pytest.raises(InvalidToken):
        present_account(account(slugs=frozenset({slug})))


def test_the_address_without_a_name_is_the_default_servers(owner: User) -> None:
    server = Server.objects.create(slug="chosen", is_default=True)
    link(owner)
    both = account(slugs=frozenset({"", "chosen"}))
    assert present_account(both).server_ids == frozenset({server.pk})


def test_groups_follow_the_newest_token(owner: User, server: Server) -> None:
    clerks, chiefs, others = (Group.objects.create(name=n) for n in ("clerks", "chiefs", "others"))
    clerks.permissions.add(Permission.objects.get(codename="view_user"))
    owner.groups.add(chiefs, others)
    link(owner)
    told = account(GROUPS, groups=("staff", "unknown"))
    with pytest.raises(Unknown):
        present_account(told)
    admit(told)
    assert set(owner.groups.all()) == {clerks, others}
    assert present_account(told).may("auth.view_user")
    older = account(GROUPS, groups=("boss",), issued_at=999.0)
    assert present_account(older).may("auth.view_user")
    newer = account(GROUPS, groups=("boss",), issued_at=1001.0)
    with pytest.raises(Unknown):
        present_account(newer)
    admit(newer)
    assert set(owner.groups.all()) == {chiefs, others}


def test_a_token_that_says_nothing_of_groups_changes_none(owner: User, server: Server) -> None:
    owner.groups.add(Group.objects.create(name="clerks"))
    link(owner)
    assert present_account(account(GROUPS)).user == owner
    assert owner.groups.count() == 1
