"""Tests of mcp_transport.admin.identities."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from mcp_transport.models import Identity, OperatorAction

LIST = "admin:mcp_transport_identity_changelist"
ADD = "admin:mcp_transport_identity_add"
ISSUER = "https://login.example"
FORM = {"issuer": ISSUER, "subject": "s1", "user": "ada"}


@pytest.fixture(autouse=True)
def issuers(settings: Any) -> None:
    settings.MCP_ISSUERS = {ISSUER: {}}


def test_an_account_is_linked_and_let_go(operator: Client, owner: User) -> None:
    assert operator.post(reverse(ADD), FORM).status_code == 302
    identity = Identity.objects.get()
    assert (identity.issuer, identity.subject, identity.user) == (ISSUER, "s1", owner)
    assert "s1" in operator.get(reverse(LIST)).content.decode()
    page = reverse("admin:mcp_transport_identity_change", args=[identity.pk])
    assert operator.get(page).status_code == 200
    assert operator.post(page, {**FORM, "user": "root"}).status_code == 403
    delete = reverse("admin:mcp_transport_identity_delete", args=[identity.pk])
    assert operator.post(delete, {"post": "yes"}).status_code == 302
    assert not Identity.objects.exists()
    done = OperatorAction.objects.order_by("id").values_list("action", "outcome")
    assert [action for action, _outcome in done] == ["add", "change", "delete"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"issuer": "https://login.example/"}, "does not name this issuer"),
        ({"subject": ""}, "required"),
        ({"user": "nobody"}, "no such user"),
    ],
)
def test_bad_input_is_said_at_its_field(
    operator: Client, owner: User, fields: dict[str, str], said: str
) -> None:
    answer = operator.post(reverse(ADD), {**FORM, **fields})
    assert said in str(answer.context["adminform"].form.errors)
    assert not Identity.objects.exists()


def test_nobody_makes_an_account_a_user_with_rights_they_have_not(
    client: Client, owner: User
) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(
        *Permission.objects.filter(codename__in=["add_identity", "view_identity"])
    )
    owner.user_permissions.add(Permission.objects.get(codename="delete_server"))
    client.force_login(clerk)
    answer = client.post(reverse(ADD), FORM)
    assert "may do what you may not" in str(answer.context["adminform"].form.errors)
    assert client.post(reverse(ADD), {**FORM, "user": "clerk"}).status_code == 302
