"""Tests of mcp_transport.api.identities."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from mcp_transport.models import Identity, OperatorAction

IDENTITIES = "/api/identities/"
ISSUER = "https://login.example"
BODY = {"issuer": ISSUER, "subject": "s1", "user": "ada"}


@pytest.fixture(autouse=True)
def issuers(settings: Any) -> None:
    settings.MCP_ISSUERS = {ISSUER: {}}


def test_an_account_is_linked_found_and_let_go(root: APIClient, owner: User) -> None:
    made = root.post(IDENTITIES, BODY, format="json")
    assert made.status_code == 201, made.json()
    assert Identity.objects.get().user == owner
    assert len(root.get(IDENTITIES, {"user": "ada"}).json()["results"]) == 1
    assert root.get(IDENTITIES, {"subject": "s2"}).json()["results"] == []
    address = f"{IDENTITIES}{made.json()['id']}/"
    assert root.patch(address, {"user": "root"}, format="json").status_code == 405
    assert root.delete(address).status_code == 204
    assert [row.action for row in OperatorAction.objects.order_by("id")] == ["add", "delete"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"issuer": "https://other.example"}, "issuer"),
        ({"user": "nobody"}, "user"),
        ({"subject": ""}, "subject"),
        ({"groups_at": "2026-01-01T00:00:00Z"}, "groups_at"),
    ],
)
def test_bad_input_names_the_field(root: APIClient, owner: User, body: Any, field: str) -> None:
    answer = root.post(IDENTITIES, {**BODY, **body}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not Identity.objects.exists()


def test_an_account_is_linked_once(root: APIClient, owner: User) -> None:
    assert root.post(IDENTITIES, BODY, format="json").status_code == 201
    assert root.post(IDENTITIES, BODY, format="json").status_code == 400
