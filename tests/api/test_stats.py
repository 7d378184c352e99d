"""Tests of mcp_transport.api.stats."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from mcp_transport.models import Call, Server
from tests.api.conftest import Client

STATS = "/api/stats/"


def calls(number: int, **fields: Any) -> None:
    """So many calls that are alike."""
    start = Call.objects.count()
    row: dict[str, Any] = {"worker": "w", "duration_us": 4000, "server": "main", "outcome": "ok"}
    row |= {"method": "tools/call", "kind": "tool", "entry": "echo", "username": "ada"}
    row |= {"started_at": timezone.now() - timedelta(seconds=5), "client": "claude 1", **fields}
    for index in range(number):
        Call.objects.create(**row, sequence=start + index)


def test_the_figures_of_a_window_are_given(root: APIClient) -> None:
    calls(3)
    calls(1, server="other", entry="add", outcome="tool_error", username="bob")
    found = root.get(STATS, {"window": "1h"}).json()
    assert (found["window"], found["late_since"]) == ("1h", None)
    assert (found["totals"]["calls"], found["totals"]["failed"]) == (4, 1)
    assert found["totals"]["outcomes"] == {"ok": 3, "tool_error": 1}
    assert found["totals"]["p95_us"] >= 3000
    assert [(row["name"], row["calls"]) for row in found["servers"]] == [("main", 3), ("other", 1)]
    assert [(row["server"], row["kind"], row["name"]) for row in found["entries"]] == [
        ("main", "tool", "echo"),
        ("other", "tool", "add"),
    ]
    assert [row["name"] for row in found["users"]] == ["ada", "bob"]
    assert [row["name"] for row in found["clients"]] == ["claude 1"]
    assert len(found["series"]) == 60
    assert sum(bucket["calls"] for bucket in found["series"]) == 4


def test_without_calls_there_are_figures_too(root: APIClient) -> None:
    found = root.get(STATS).json()
    assert (found["window"], found["totals"]["calls"], found["totals"]["p95_us"]) == (
        "24h",
        0,
        None,
    )


def test_one_server_and_one_entry_have_figures_of_their_own(root: APIClient) -> None:
    calls(3)
    calls(2, entry="add")
    calls(1, server="other")
    assert root.get(STATS, {"server": "main"}).json()["totals"]["calls"] == 5
    one = {"server": "main", "kind": "tool", "entry": "add"}
    assert root.get(STATS, one).json()["totals"]["calls"] == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"window": "2h"}, "window"),
        ({"entry": "add"}, "non_field_errors"),
        ({"server": "main", "kind": "verb", "entry": "add"}, "kind"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_question_that_means_nothing_is_refused(
    root: APIClient, query: dict[str, str], field: str
) -> None:
    answer = root.get(STATS, query)
    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_a_token_for_one_server_is_given_its_figures_alone(clerk: Client, server: Server) -> None:
    program = clerk("view_overview", servers=[server])
    assert program.get(STATS, {"server": "main"}).status_code == 200
    assert program.get(STATS).status_code == 403
    assert program.get(STATS, {"server": "other"}).status_code == 403
