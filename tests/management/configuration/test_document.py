"""Tests of mcp_transport.management.configuration.document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcp_transport.management.configuration.document import (
    OVERRIDE,
    SERVER,
    TEXT,
    Malformed,
    exported,
    parsed,
)
from mcp_transport.models import Server, TextEntry, Token


def refusal(document: Any) -> str:
    """What is said against a document, given as text or as what it holds."""
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(Malformed) as refused:
        parsed(text)
    return str(refused.value)


def with_server(**members: Any) -> dict[str, Any]:
    """A document with one server."""
    return {"version": 1, "servers": [{"slug": "main", **members}]}


@pytest.mark.django_db
def test_the_same_rows_are_the_same_bytes(server: Server) -> None:
    other = Server.objects.create(slug="also", title="Ährenlese")
    other.overrides.create(kind="tool", name="b")
    other.overrides.create(kind="tool", name="a")
    other.overrides.create(kind="prompt", name="z")
    TextEntry(name="greet", text="Hello").save()
    document = json.loads(exported())
    assert exported() == exported()
    assert [row["slug"] for row in document["servers"]] == ["also", "main"]
    names = [(row["kind"], row["name"]) for row in document["servers"][0]["overrides"]]
    assert names == [("prompt", "z"), ("tool", "a"), ("tool", "b")]
    assert "Ährenlese" in exported()


@pytest.mark.django_db
def test_nothing_of_tokens_and_nothing_of_this_database_is_in_it(
    owner: Any, server: Server
) -> None:
    token, value = Token.objects.issue(owner=owner, name="laptop", servers=[server])
    text = exported()
    assert not any(part in text for part in (value, token.digest, token.hint, "laptop", "ada"))
    assert {"id", "created_at", "updated_at", "server", "version"}.isdisjoint(
        SERVER.fields.keys() | OVERRIDE.fields.keys() | TEXT.fields.keys()
    )


@pytest.mark.django_db
def test_what_was_written_is_read_as_it_was(server: Server) -> None:
    server.overrides.create(kind="tool", name="a", is_read_only=True)
    document = parsed(exported())
    (item,) = document.servers
    assert (item.key, item.path, item.values["offers"]) == (("main",), "servers[0]", ["*"])
    assert item.overrides[0].values["is_read_only"] is True


def test_a_member_that_is_missing_has_its_default() -> None:
    (item,) = parsed(json.dumps(with_server())).servers
    assert item.values["is_enabled"] is True
    assert item.values["offers"] == ["*"]
    assert item.values["rate"] is None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "line 1, column 2"),
        ("[]", "The file: is []; it is an object."),
        ({}, "version: is null"),
        ({"version": 2}, "version: is 2; this command reads version 1."),
        ({"version": 1, "server": []}, "server: is unknown"),
        ({"version": 1, "servers": {}}, "servers: is {}; it is a list."),
        ({"version": 1, "servers": [7]}, "servers[0]: is 7; it is an object."),
        ({"version": 1, "servers": [{}]}, "servers[0].slug: is missing."),
        (with_server(colour="red"), "servers[0].colour: is unknown"),
        (with_server(is_enabled="yes"), 'servers[0].is_enabled: is "yes"; it is true or false.'),
        (with_server(title=None), "servers[0].title: is null; it is a text."),
        (with_server(rate="5"), 'servers[0].rate: is "5"; it is a whole number.'),
        (with_server(rate=True), "servers[0].rate: is true; it is a whole number."),
        (with_server(title="a\0b"), "servers[0].title: has a character that no database keeps."),
        (with_server(offers=["\ud800"]), "servers[0].offers: has a character"),
        (with_server(overrides=[{"kind": "tool"}]), "servers[0].overrides[0].name: is missing."),
        (
            with_server(overrides=[{"name": "a"}, {"name": "a"}]),
            "servers[0].overrides[1]: 'tool a' stands at servers[0].overrides[0] already.",
        ),
        ('{"version": 1, "version": 1}', "the member 'version' twice"),
        ('{"version": NaN}', "NaN is no JSON."),
        ("[" * 100_000, "nested too deeply"),
        (with_server(title=["x" * 200]), "…; it is a text."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(document: Any, message: str) -> None:
    assert message in refusal(document)
