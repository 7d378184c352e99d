"""Tests of mcp_transport.api.servers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from mcp_transport.models import OperatorAction, Server
from tests.api.conftest import Client, acted

SERVERS = "/api/servers/"


def test_a_server_is_made_read_changed_and_deleted(root: APIClient) -> None:
    made = root.post(SERVERS, {"slug": "shop", "title": "Shop", "offers": ["shop"]}, format="json")
    assert made.status_code == 201, made.json()
    assert made.json()["endpoint"] == "http://testserver/mcp/shop"
    assert root.get("/api/servers/shop/").json() == made.json()
    changed = root.patch("/api/servers/shop/", {"title": "The shop"}, format="json")
    assert (changed.status_code, changed.json()["title"]) == (200, "The shop")
    assert root.delete("/api/servers/shop/").status_code == 204
    assert not Server.objects.exists()
    assert [action for _, _, action, _, _ in acted()] == ["add", "change", "delete"]
    assert {row[:2] for row in acted()} == {("root", "api")}
    change = OperatorAction.objects.get(action="change")
    assert change.difference == {"title": ["Shop", "The shop"]}


def test_what_was_read_can_be_sent_back(root: APIClient, server: Server) -> None:
    read = root.get("/api/servers/main/").json()
    sent = root.put("/api/servers/main/", read, format="json")
    assert sent.status_code == 200, sent.json()
    before, after = ({**one, "updated_at": ""} for one in (read, sent.json()))
    assert before == after


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "slug"),
        ({"slug": "sse"}, "slug"),
        ({"slug": "main"}, "slug"),
        ({"slug": "new", "offers": "all"}, "offers"),
        ({"slug": "new", "offers": [""]}, "offers"),
        ({"slug": "new", "access": "anyone"}, "access"),
        ({"slug": "new", "access": "permission"}, "non_field_errors"),
        ({"slug": "new", "permission": "nonsense"}, "permission"),
        ({"slug": "new", "colour": "red"}, "colour"),
        ({"slug": "new", "is_default": True}, "is_default"),
        ([], "non_field_errors"),
    ],
)
def test_bad_input_names_the_field_and_makes_nothing(
    root: APIClient, server: Server, body: Any, field: str
) -> None:
    Server.objects.filter(pk=server.pk).update(is_default=True)
    answer = root.post(SERVERS, body, format="json")
    assert answer.status_code == 400
    assert field in answer.json(), answer.json()
    assert Server.objects.count() == 1
    assert acted() == []


def test_a_body_that_is_no_json_is_refused(root: APIClient) -> None:
    answer = root.post(SERVERS, "{", content_type="application/json")
    assert answer.status_code == 400
    assert root.post(SERVERS, "slug=x", content_type="text/plain").status_code == 415


def test_servers_are_filtered(root: APIClient, server: Server, other: Server) -> None:
    Server.objects.filter(pk=other.pk).update(is_enabled=False)
    found = root.get(SERVERS, {"is_enabled": "true"}).json()["results"]
    assert [row["slug"] for row in found] == ["main"]
    slugs = [row["slug"] for row in root.get(SERVERS).json()["results"]]
    assert slugs == ["main", "other"]


def test_a_token_for_one_server_reaches_that_alone(
    clerk: Client, server: Server, other: Server
) -> None:
    program = clerk("view_server", "change_server", "add_server", servers=[server])
    assert [row["slug"] for row in program.get(SERVERS).json()["results"]] == ["main"]
    assert program.get("/api/servers/other/").status_code == 404
    assert program.patch("/api/servers/other/", {"title": "x"}, format="json").status_code == 404
    assert program.patch("/api/servers/main/", {"title": "x"}, format="json").status_code == 200
    assert program.post(SERVERS, {"slug": "new"}, format="json").status_code == 403
    assert program.get("/api/tokens/").status_code == 403


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/api/servers/main/entries/", "user"),
        ("/api/stats/", "server"),
        ("/api/sessions/", "user"),
        ("/api/chains/", "worker"),
    ],
)
def test_a_character_that_no_database_looks_for_is_refused(
    root: APIClient, server: Server, address: str, name: str
) -> None:
    answer = root.get(address, {name: "a\0"})
    assert (answer.status_code, list(answer.json())) == (400, [name])


def test_nothing_is_called_by_such_a_character(root: APIClient, server: Server) -> None:
    assert root.get("/api/chains/a%00/verify/").status_code in {404, 405}
    assert root.post("/api/chains/a%00/verify/").status_code == 404
    for field, value in (("owner", "\0"), ("owner", "\ud800"), ("servers", ["main\0"])):
        body = {"owner": "root", "name": "x", field: value}
        answer = root.post("/api/tokens/", json.dumps(body), content_type="application/json")
        assert (answer.status_code, list(answer.json())) == (400, [field])
