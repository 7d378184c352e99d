"""Tests of mcp_transport.audit.differences."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User

from mcp_transport.audit.differences import described, difference, stored, told
from mcp_transport.models import Server, Token


@pytest.mark.django_db
def test_a_row_is_described_by_what_operators_can_set(server: Server) -> None:
    description = described(server)
    assert description["slug"] == "main"
    assert description["offers"] == ["*"]
    assert {"id", "created_at", "updated_at"}.isdisjoint(description)


@pytest.mark.django_db
def test_a_token_is_described_with_its_servers_and_without_its_digest(
    owner: User, server: Server
) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop", servers=[server])
    description = described(token)
    assert description["servers"] == ["Main"]
    assert {"digest", "last_used_at"}.isdisjoint(description)


@pytest.mark.django_db
def test_what_is_stored_is_told_apart_from_what_a_form_holds(server: Server) -> None:
    server.title = "not saved"
    assert stored(server)["title"] == "Main"
    assert stored(Server(slug="new")) == {}


def test_a_difference_names_what_is_not_the_same() -> None:
    before = {"a": 1, "b": 2, "empty": "", "off": False}
    after = {"a": 1, "b": 3, "c": 4, "empty": None, "off": True}
    assert difference(before, after) == {"b": [2, 3], "c": [None, 4], "off": [False, True]}
    assert difference({"a": ""}, {}) == {}


def test_secrets_are_masked_at_any_depth() -> None:
    kept = json.loads(told({"api_key": ["old", "new"], "options": [None, {"password": "x"}]}))
    assert kept == {"api_key": "[redacted]", "options": [None, {"password": "[redacted]"}]}


def test_a_long_value_is_cut_and_says_how_long_it_was() -> None:
    (before, after) = json.loads(told({"text": ["", "x" * 5000]}))["text"]
    assert after.endswith("… (5000 characters)")
    assert len(after) < 1100


def test_many_long_values_are_cut_until_they_fit() -> None:
    text = told({f"field{n}": ["é" * 900, "y" * 900] for n in range(20)})
    assert len(text.encode()) <= 4096
    assert len(json.loads(text)) == 20


def test_no_changes_are_no_text() -> None:
    assert told({}) == ""
