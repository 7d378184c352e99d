"""Who asks the operators' API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from rest_framework.test import APIClient

from mcp_transport.models import OperatorAction, Server, Token

Client = Callable[..., APIClient]


@pytest.fixture(autouse=True)
def nobody_has_asked_before() -> None:
    """The throttle counts in the cache."""
    cache.clear()


@pytest.fixture
def root(db: None) -> APIClient:
    """A superuser's program."""
    return with_token(User.objects.create_superuser("root"))


@pytest.fixture
def clerk(db: None) -> Client:
    """A member of staff with permissions by codename; and those of the token, if any."""

    def make(*codenames: str, **token: Any) -> APIClient:
        user = User.objects.create_user("clerk", is_staff=True)
        found = Permission.objects.filter(codename__in=codenames)
        assert {permission.codename for permission in found} == set(codenames)
        user.user_permissions.set(found)
        return with_token(user, **token)

    return make


def with_token(user: User, **fields: Any) -> APIClient:
    """A program with an operator's token of a user."""
    fields = {"scopes": ["operator"], **fields}
    _, value = Token.objects.issue(owner=user, name="program", **fields)
    return APIClient(headers={"Authorization": f"Bearer {value}"})


def acted() -> list[tuple[str, str, str, str, str]]:
    """What was kept of operators, the oldest first."""
    columns = ("username", "way", "action", "kind", "outcome")
    return list(OperatorAction.objects.order_by("id").values_list(*columns))


@pytest.fixture
def other(db: None) -> Server:
    """A second server."""
    return Server.objects.create(slug="other")
