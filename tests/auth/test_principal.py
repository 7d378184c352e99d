"""Tests of mcp_transport.auth.principal."""

from __future__ import annotations

import msgspec
import pytest
from django.contrib.auth.models import Group, Permission, User

from mcp_transport.auth.permissions import may_issue_for
from mcp_transport.auth.principal import (
    ANONYMOUS,
    LONGEST_KEY,
    OPERATOR,
    SCOPE_OF_KIND,
    Principal,
    principal_of,
)
from mcp_transport.models import Session


def with_scopes(*scopes: str) -> Principal:
    """A principal whose credential is narrowed to these."""
    return Principal(key="user:1/token:1", user=User(pk=1), scopes=frozenset(scopes) or None)


def test_everybody_has_the_permission_that_is_not_named() -> None:
    assert ANONYMOUS.may(None)
    assert ANONYMOUS.may("")


def test_nobody_has_a_permission_they_were_not_given() -> None:
    assert not ANONYMOUS.may("auth.view_user")


def test_the_operator_may_everything_and_is_somebody() -> None:
    assert OPERATOR.may("auth.view_user")
    assert not OPERATOR.is_anonymous
    assert ANONYMOUS.is_anonymous


@pytest.mark.parametrize(
    ("scopes", "kind", "name", "is_read_only", "covers"),
    [
        ((), "tool", "pay", False, True),
        (("tools",), "tool", "pay", False, True),
        (("tools",), "resource", "shop://a", True, False),
        (("tools:read",), "tool", "look", True, True),
        (("tools:read",), "tool", "pay", False, False),
        (("tool:pay",), "tool", "pay", False, True),
        (("tool:pay",), "tool", "look", True, False),
        (("tool:pay",), "prompt", "pay", False, False),
        (("resources",), "resource", "shop://a", True, True),
        (("resources",), "template", "shop://{id}", True, True),
        (("prompts",), "prompt", "greet", True, True),
        (("prompts",), "tool", "greet", True, False),
    ],
)
def test_a_credential_covers_what_its_scopes_name(
    scopes: tuple[str, ...], kind: str, name: str, is_read_only: bool, covers: bool
) -> None:
    assert with_scopes(*scopes).covers(kind, name, is_read_only) is covers


def test_a_credential_without_any_scope_covers_nothing() -> None:
    principal = Principal(key="user:1", user=User(pk=1), scopes=frozenset())
    assert not any(principal.covers(kind, "a", True) for kind in SCOPE_OF_KIND)


def test_a_credential_for_some_servers_reaches_no_other() -> None:
    principal = Principal(key="user:1", user=User(pk=1), server_ids=frozenset({4}))
    assert principal.reaches(4)
    assert not principal.reaches(5)
    assert ANONYMOUS.reaches(5)


def test_a_principal_has_its_groups_permissions(owner: User) -> None:
    group = Group.objects.create(name="clerks")
    group.permissions.add(Permission.objects.get(codename="view_user"))
    owner.groups.add(group)
    principal = principal_of(owner)
    assert principal.key == f"user:{owner.pk}"
    assert principal.may("auth.view_user")
    assert not principal.may("auth.delete_user")


def test_a_superuser_may_what_no_permission_names(owner: User) -> None:
    owner.is_superuser = True
    assert principal_of(owner).may("no.such")


class Visitor:
    """A user of a model without PermissionsMixin, as Django's documentation has one."""

    pk = 3

    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions

    def get_username(self) -> str:
        return "ada"

    def has_perm(self, name: str) -> bool:
        return name in self.permissions


@pytest.mark.django_db
def test_a_user_who_cannot_list_permissions_is_asked_for_each() -> None:
    principal = principal_of(Visitor("auth.view_user", "shop.unheard_of"))
    assert (principal.username, principal.is_superuser) == ("ada", False)
    assert principal.permissions == {"auth.view_user"}


@pytest.mark.django_db
def test_nobody_issues_for_such_a_user_what_they_have_not() -> None:
    visitor, able = Visitor("auth.view_user"), Visitor("auth.view_user", "auth.add_user")
    able.pk = 4
    assert may_issue_for(able, visitor)
    assert not may_issue_for(visitor, able)


def test_a_user_who_knows_no_permissions_has_none() -> None:
    class Bare:
        pk = "x"

        def get_username(self) -> str:
            return "bare"

    assert principal_of(Bare()).permissions == frozenset()


LONG = "https://issuer.example/" + "realm/" * 60


def test_a_key_that_fits_is_kept_as_it_is() -> None:
    key = "x" * LONGEST_KEY
    assert Principal(key=key, user=User()).key == key
    assert Principal(key="user:5/token:12", user=User()).key == "user:5/token:12"


def test_a_key_that_is_too_long_is_a_digest_that_never_changes() -> None:
    one, other = (Principal(key=f"{LONG}#{name}", user=User()) for name in ("ada", "bob"))
    assert one.key != other.key
    assert one.key == Principal(key=f"{LONG}#ada", user=User()).key
    assert one.key.startswith("https://issuer.example/realm/")
    assert max(len(one.key), len(other.key)) <= LONGEST_KEY
    again = msgspec.structs.replace(one, username="ada")
    assert again.key == Principal(key=one.key, user=User()).key == one.key


@pytest.mark.parametrize("key", ["user:\x00", "user:\ud800", "user:a\nb"])
def test_a_key_that_no_database_takes_is_a_digest(key: str) -> None:
    fitting = Principal(key=key, user=User()).key
    assert fitting.startswith("user:")
    assert len(fitting.partition("#")[2]) == 64
    assert fitting.isprintable()


def test_a_session_s_row_has_room_for_the_longest_key() -> None:
    assert Session._meta.get_field("owner").max_length == LONGEST_KEY
