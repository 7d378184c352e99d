"""Tests of mcp_transport.api.entries."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from mcp_transport.models import EntryOverride, OperatorAction, Server
from tests.api.conftest import acted

ENTRIES = "/api/servers/main/entries/"
ECHO = f"{ENTRIES}tool/echo/"


def listed(root: APIClient, **query: str) -> dict[tuple[str, str], Any]:
    """The entries by kind and own name."""
    rows = root.get(ENTRIES, query).json()
    return {(row["kind"], row["name"]): row for row in rows}


def test_entries_are_shown_as_clients_see_them(root: APIClient, server: Server) -> None:
    echo = listed(root)["tool", "echo"]
    assert (echo["is_offered"], echo["seen_name"], echo["override"]) == (True, "echo", None)
    assert echo["definition"]["inputSchema"]["type"] == "object"
    assert echo["defined_in"].partition(":")[0].endswith("mcp.py")
    assert {kind for kind, _ in listed(root, kind="prompt")} == {"prompt"}


def test_one_entry_is_changed_and_no_other(root: APIClient, server: Server) -> None:
    server.overrides.create(kind="tool", name="add", is_enabled=False)
    before = listed(root)
    answer = root.patch(ECHO, {"new_name": "say", "is_read_only": True}, format="json")
    assert answer.status_code == 200, answer.json()
    after = listed(root)
    assert after["tool", "echo"] | {"notified": None} == answer.json()
    assert (answer.json()["seen_name"], answer.json()["is_read_only"]) == ("say", True)
    assert answer.json()["definition"]["name"] == "say"
    assert {k: v for k, v in after.items() if k != ("tool", "echo")} == {
        k: v for k, v in before.items() if k != ("tool", "echo")
    }


@pytest.mark.django_db(transaction=True)
def test_a_change_says_who_was_told_of_it(root: APIClient, server: Server) -> None:
    told = root.patch(ECHO, {"title": "Echo"}, format="json").json()["notified"]
    assert told == {"told": 0, "listening": 0, "workers": 0, "answered": 0}


def test_what_is_not_sent_stays(root: APIClient, server: Server) -> None:
    root.patch(ECHO, {"title": "Echo"}, format="json")
    root.patch(ECHO, {"is_enabled": False}, format="json")
    shown = root.get(ECHO).json()
    assert (shown["is_offered"], shown["override"]["title"]) == (False, "Echo")
    assert [(action, kind) for _, _, action, kind, _ in acted()] == [
        ("add", "entryoverride"),
        ("change", "entryoverride"),
    ]
    assert OperatorAction.objects.latest("id").difference == {"is_enabled": [True, False]}


def test_a_change_is_taken_back(root: APIClient, server: Server) -> None:
    root.patch(ECHO, {"title": "Echo"}, format="json")
    assert root.delete(ECHO).status_code == 204
    assert root.get(ECHO).json()["override"] is None
    assert root.delete(ECHO).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"is_enabled": "perhaps"}, "is_enabled"),
        ({"permission": "nonsense"}, "permission"),
        ({"new_name": "x" * 200}, "new_name"),
        ({"new_name": "add"}, "new_name"),
        ({"new_name": "a b"}, "new_name"),
        ({"kind": "prompt"}, "kind"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(
    root: APIClient, server: Server, body: Any, field: str
) -> None:
    answer = root.patch(ECHO, body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not EntryOverride.objects.exists()


def test_an_entry_that_is_not_there_cannot_be_changed(root: APIClient, server: Server) -> None:
    assert root.patch(f"{ENTRIES}tool/no_such_tool/", {}, format="json").status_code == 404
    assert root.get("/api/servers/none/entries/").status_code == 404
    assert root.get(ENTRIES, {"kind": "verb"}).status_code == 400
    assert root.get(ENTRIES, {"colour": "red"}).status_code == 400


def test_a_resource_is_named_by_its_uri(root: APIClient, server: Server) -> None:
    kind, uri = next(key for key in listed(root) if key[0] == "resource")
    shown = root.get(f"{ENTRIES}{kind}/{quote(uri, safe='')}/")
    assert (shown.status_code, shown.json()["name"]) == (200, uri)


def test_entries_are_shown_as_one_user_sees_them(
    root: APIClient, server: Server, owner: User
) -> None:
    root.patch(ECHO, {"permission": "auth.view_user"}, format="json")
    assert ("tool", "echo") not in listed(root, user="ada")
    owner.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert ("tool", "echo") in listed(root, user="ada")
    assert root.get(ENTRIES, {"user": "nobody"}).status_code == 400
