"""Tests of mcp_transport.api.tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from mcp_transport.models import OperatorAction, Server, Token
from mcp_transport.models.token_value import digest
from tests.api.conftest import Client, acted

TOKENS = "/api/tokens/"


def issue(root: APIClient, **fields: Any) -> dict[str, Any]:
    """The answer that holds the value."""
    answer = root.post(TOKENS, {"name": "laptop", "owner": "ada", **fields}, format="json")
    assert answer.status_code == 201, answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    issued: dict[str, Any] = answer.json()
    return issued


def test_a_token_is_issued_and_its_value_is_in_that_answer_alone(
    root: APIClient, owner: User, server: Server
) -> None:
    issued = issue(root, servers=["main"], scopes=["tools"])
    token = Token.objects.get(digest=digest(issued["value"]))
    assert (token.owner, token.scopes, list(token.servers.all())) == (owner, ["tools"], [server])
    assert token.expires_at is not None
    for answer in (root.get(TOKENS), root.get(f"{TOKENS}{token.pk}/"), root.get("/api/actions/")):
        assert issued["value"] not in answer.content.decode()
        assert token.digest not in answer.content.decode()
    assert issued["value"] not in repr(list(OperatorAction.objects.values()))


def test_a_token_may_be_good_for_ever_if_that_is_asked_for(root: APIClient, owner: User) -> None:
    assert issue(root, expires_at=None)["expires_at"] is None
    assert issue(root)["expires_at"] is not None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"owner": "nobody"}, "owner"),
        ({"name": ""}, "name"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": "tools"}, "scopes"),
        ({"servers": ["none"]}, "servers"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"value": "mcp_mine", "digest": "0"}, "digest"),
    ],
)
def test_bad_input_names_the_field_and_issues_nothing(
    root: APIClient, owner: User, body: Any, field: str
) -> None:
    before = Token.objects.count()
    answer = root.post(TOKENS, {"name": "laptop", "owner": "ada", **body}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert Token.objects.count() == before


def test_a_token_is_changed_and_keeps_its_value_and_owner(root: APIClient, owner: User) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    address = f"{TOKENS}{token.pk}/"
    assert root.patch(address, {"name": "desk"}, format="json").json()["name"] == "desk"
    answer = root.patch(address, {"owner": "root"}, format="json")
    assert list(answer.json()) == ["owner"]
    assert Token.objects.get(pk=token.pk).digest == token.digest


def test_a_token_is_revoked_once(root: APIClient, owner: User) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    for _ in range(2):
        answer = root.post(f"{TOKENS}{token.pk}/revoke/")
        assert (answer.status_code, answer.json()["is_usable"]) == (200, False)
    assert [action for _, _, action, _, _ in acted()] == ["revoke"]


def test_a_token_is_rotated_with_an_overlap(root: APIClient, owner: User) -> None:
    token, value = Token.objects.issue(owner=owner, name="laptop", scopes=["tools"])
    answer = root.post(f"{TOKENS}{token.pk}/rotate/", {"overlap_seconds": 3600}, format="json")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    successor = Token.objects.get(digest=digest(answer.json()["value"]))
    token.refresh_from_db()
    assert token.successor == successor and successor.scopes == ["tools"]
    assert token.expires_at is not None
    assert token.expires_at - timezone.now() <= timedelta(hours=1)
    assert [action for _, _, action, _, _ in acted()] == ["add", "rotate"]


@pytest.mark.parametrize("body", [{"overlap_seconds": -1}, {"overlap_seconds": "x"}, {"days": 1}])
def test_a_bad_overlap_rotates_nothing(root: APIClient, owner: User, body: Any) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    answer = root.post(f"{TOKENS}{token.pk}/rotate/", body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, list(body))
    assert Token.objects.filter(owner=owner).count() == 1


def test_a_token_that_has_ended_is_not_rotated(root: APIClient, owner: User) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    Token.objects.filter(pk=token.pk).revoke()
    assert root.post(f"{TOKENS}{token.pk}/rotate/", {}, format="json").status_code == 400


def test_nobody_gives_out_rights_they_have_not(clerk: Client, owner: User) -> None:
    chief = User.objects.create_superuser("chief")
    of_chief, _ = Token.objects.issue(owner=chief, name="c", scopes=["tools"])
    program = clerk("add_token", "change_token")
    answer = program.post(TOKENS, {"name": "mine", "owner": "chief"}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["owner"])
    assert program.post(f"{TOKENS}{of_chief.pk}/rotate/", {}, format="json").status_code == 403
    widened = program.patch(f"{TOKENS}{of_chief.pk}/", {"scopes": []}, format="json")
    assert widened.status_code == 400
    assert program.post(f"{TOKENS}{of_chief.pk}/revoke/").status_code == 200
    assert program.post(TOKENS, {"name": "hers", "owner": "ada"}, format="json").status_code == 201


def test_tokens_are_filtered(root: APIClient, owner: User, server: Server) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop", servers=[server])
    Token.objects.filter(pk=token.pk).revoke()
    for query in ({"owner": "ada"}, {"server": "main"}, {"is_revoked": "true"}, {"name": "laptop"}):
        found = root.get(TOKENS, query).json()["results"]
        assert [row["id"] for row in found] == [token.pk], query


def test_a_token_is_rotated_without_an_overlap(root: APIClient, owner: User) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    root.post(f"{TOKENS}{token.pk}/rotate/", {"overlap_seconds": 0}, format="json")
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_no_token_is_issued_that_is_over(root: APIClient) -> None:
    body = {"owner": "root", "name": "x", "expires_at": "2001-01-01T00:00:00Z"}
    answer = root.post("/api/tokens/", body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["expires_at"])
