"""Tests of mcp_transport.admin.actions: what operators did, and whether the record is whole."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from mcp_transport.audit.operators import Operator, record_action
from mcp_transport.models import OperatorAction, Server

LIST = "admin:mcp_transport_operatoraction_changelist"
ACTION = "admin:mcp_transport_operatoraction_change"
EXPORT = "admin:mcp_actions_export"
CHAINS = "admin:mcp_chains"

ADA = Operator(way="admin", username="ada", address="192.0.2.1")
BOB = Operator(way="api", username="bob")


def listed(operator: Client, **query: str) -> list[tuple[str, str]]:
    """Who did what, as the page lists it."""
    rows = operator.get(reverse(LIST), query).context["table"].rows
    return [(row[1], row[2].text) for row in rows]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["revoke", "change", "add"]),
        ({"username": "ada"}, ["change", "add"]),
        ({"action": "add"}, ["add"]),
        ({"outcome": "denied"}, ["revoke"]),
        ({"way": "api"}, ["revoke"]),
        ({"q": "bob"}, ["revoke"]),
        ({"q": "Shop"}, ["change"]),
    ],
)
def test_each_filter_leaves_what_fits(
    operator: Client, server: Server, query: dict[str, str], found: list[str]
) -> None:
    record_action(ADA, "add", server)
    record_action(ADA, "change", server, changes={"title": ["Main", "Shop"]})
    record_action(BOB, "revoke", server, outcome="denied")
    assert [action for _, action in listed(operator, **query)] == found


def test_an_action_says_what_was_before_and_after(operator: Client, server: Server) -> None:
    action = record_action(ADA, "change", server, changes={"title": ["Main", "Shop"]})
    answer = operator.get(reverse(ACTION, args=[action.pk]))
    assert answer.context["changes"].rows == [("title", "Main", "Shop")]
    assert "192.0.2.1" in answer.content.decode()
    assert operator.get(reverse(ACTION, args=["x"])).status_code == 404


def test_an_export_is_an_action_itself(operator: Client, server: Server) -> None:
    record_action(ADA, "add", server)
    lines = operator.get(reverse(EXPORT, args=["jsonl"])).getvalue().decode().splitlines()
    assert json.loads(lines[-1])["action"] == "add"
    newest = OperatorAction.objects.latest("pk")
    assert (newest.action, newest.username) == ("export", "root")
    assert operator.get(reverse(EXPORT, args=["xlsx"])).status_code == 404


def test_an_export_has_what_says_the_text(operator: Client, server: Server) -> None:
    for name in ("add", "rename"):
        record_action(ADA, name, server)
    answer = operator.get(reverse(EXPORT, args=["jsonl"]), {"q": "RENAM"}).getvalue().decode()
    actions = [json.loads(line)["action"] for line in answer.splitlines()]
    assert actions == ["export", "rename"]  # what was asked for is in the first


@pytest.mark.parametrize("chain", ["*", "operators"])
def test_the_page_tells_whether_the_record_is_whole(
    operator: Client, server: Server, chain: str
) -> None:
    for name in ("add", "change", "delete"):
        record_action(ADA, name, server)
    whole = operator.get(reverse(CHAINS), {"chain": chain})
    assert "Every row follows" in whole.content.decode()
    OperatorAction.objects.filter(action="change").update(username="eve")
    broken = operator.get(reverse(CHAINS), {"chain": chain}).content.decode()
    assert "1 chain broken" in broken
    assert "Row 2" in broken


def test_nothing_is_followed_until_somebody_asks(operator: Client, server: Server) -> None:
    record_action(ADA, "add", server)
    page = operator.get(reverse(CHAINS)).content.decode()
    assert "Look at every row" in page
    assert "Every row follows" not in page


def test_staff_without_the_permission_see_nothing(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    for name, arguments in ((LIST, []), (ACTION, ["1"]), (EXPORT, ["csv"]), (CHAINS, [])):
        assert client.get(reverse(name, args=arguments)).status_code == 403
