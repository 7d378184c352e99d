"""Tests of mcp_transport.api.calls."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from mcp_transport.audit.rollups import DISORDER
from mcp_transport.audit.words import step
from mcp_transport.models import Call, OperatorAction, Server
from tests.api.conftest import Client

CALLS = "/api/calls/"


def calls(*entries: str, **fields: Any) -> None:
    """Rows of calls."""
    start = Call.objects.count()
    for index, entry in enumerate(entries):
        row: dict[str, Any] = {
            "started_at": timezone.now(),
            "method": "tools/call",
            "server": "main",
        }
        row |= {"worker": "w", "sequence": start + index, "duration_us": 5, "outcome": "ok"}
        Call.objects.create(**row | {"entry": entry} | fields)


def entries_of(answer: Any) -> list[str]:
    """What was called, in the order of the list."""
    return [row["entry"] for row in answer.json()["results"]]


def test_calls_are_listed_page_by_page_the_newest_first(root: APIClient) -> None:
    calls("a", "b", "c", "d", "e")
    first = root.get(CALLS, {"limit": "2"})
    assert entries_of(first) == ["e", "d"]
    calls("f")  # one that comes meanwhile moves nothing
    second = root.get(first.json()["next"])
    assert entries_of(second) == ["c", "b"]
    assert entries_of(root.get(second.json()["next"])) == ["a"]


def test_calls_are_found_by_what_they_say(root: APIClient) -> None:
    calls("a", "b", "c", "d", error="Sold out.")
    calls("other", error="Late.")
    for number in range(3):
        step(timezone.now() + number * DISORDER)
    calls("new", error="sold again")
    first = root.get(CALLS, {"q": "SOL", "limit": "3"})
    assert entries_of(first) == ["new", "d", "c"]
    assert entries_of(root.get(first.json()["next"])) == ["b", "a"]
    assert entries_of(root.get(CALLS, {"q": "sold out"})) == ["d", "c", "b", "a"]


@pytest.mark.parametrize("query", [{"limit": text} for text in ("0", "501", "x", "9" * 5000)])
def test_a_page_is_neither_empty_nor_endless(root: APIClient, query: dict[str, str]) -> None:
    answer = root.get(CALLS, query)
    assert (answer.status_code, list(answer.json())) == (400, ["limit"])


def test_a_page_of_any_depth_costs_the_same_queries(
    root: APIClient, django_assert_num_queries: Any
) -> None:
    calls(*"abcdefgh")
    address: str | None = f"{CALLS}?limit=2"
    root.get(CALLS)
    while address:
        with django_assert_num_queries(3):  # the token, its servers, the page
            answer = root.get(address)
        address = answer.json()["next"]


def test_calls_are_filtered(root: APIClient) -> None:
    calls("a", outcome="error", username="ada", session="abcdefgh" + "x" * 35)
    calls("b", server="other", started_at=timezone.now() - timedelta(days=2))
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    chosen = [
        {"outcome": "error"},
        {"entry": "a"},
        {"server": "main"},
        {"username": "ada"},
        {"session": "abcdefgh"},
        {"started_after": yesterday},
    ]
    for query in chosen:
        assert entries_of(root.get(CALLS, query)) == ["a"], query
    assert entries_of(root.get(CALLS, {"started_before": yesterday})) == ["b"]


@pytest.mark.parametrize(
    "query",
    [{"outcome": "splendid"}, {"started_after": "soon"}, {"user_id": "x"}, {"colour": "red"}],
)
def test_a_filter_that_means_nothing_is_refused(root: APIClient, query: dict[str, str]) -> None:
    for address in (CALLS, f"{CALLS}export.csv"):
        answer = root.get(address, query)
        assert (answer.status_code, list(answer.json())) == (400, list(query))
    assert not OperatorAction.objects.exists()


def test_the_id_of_a_session_is_nowhere(root: APIClient) -> None:
    calls("a", session="abcdefgh" + "x" * 35)
    key = Call.objects.get().pk
    for address in (CALLS, f"{CALLS}{key}/", f"{CALLS}export.csv", f"{CALLS}export.jsonl"):
        text = root.get(address).getvalue().decode()
        assert "abcdefgh" in text
        assert "xxx" not in text


def test_calls_are_exported_as_csv_and_that_is_recorded(root: APIClient) -> None:
    calls("a", "b", "=1+1")
    answer = root.get(f"{CALLS}export.csv", {"outcome": "ok"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="calls.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode(), newline="")))
    assert [row["entry"] for row in rows] == ["'=1+1", "b", "a"]
    kept = OperatorAction.objects.get()
    assert (kept.action, kept.kind, kept.object_name) == ("export", "call", "csv")
    assert kept.difference == {"outcome": [None, "ok"]}


def test_calls_are_exported_as_json_lines(root: APIClient) -> None:
    calls("a", "b\nc")
    answer = root.get(f"{CALLS}export.jsonl")
    lines = answer.getvalue().decode().splitlines()
    assert [json.loads(line)["entry"] for line in lines] == ["b\nc", "a"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_for_one_server_sees_and_exports_its_calls_alone(
    clerk: Client, server: Server
) -> None:
    calls("a")
    calls("b", server="other")
    program = clerk("view_call", servers=[server])
    assert entries_of(program.get(CALLS)) == ["a"]
    assert b'"b"' not in program.get(f"{CALLS}export.jsonl").getvalue()


def test_what_operators_did_is_read_with_its_changes(root: APIClient, server: Server) -> None:
    root.patch("/api/servers/main/", {"title": "x"}, format="json")
    found = root.get("/api/actions/", {"action": "change", "username": "root"}).json()["results"]
    assert found[0]["changes"] == {"title": ["Main", "x"]}
    assert root.get(f"/api/actions/{found[0]['id']}/").json() == found[0]
    assert root.get("/api/actions/", {"action": "delete"}).json()["results"] == []


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_database_can_convert_is_refused(root: APIClient, at: str) -> None:
    for address, name in (("/api/calls/", "started_after"), ("/api/actions/", "acted_before")):
        answer = root.get(address, {name: at})
        assert (answer.status_code, list(answer.json())) == (400, [name])


def test_a_key_is_a_whole_number(root: APIClient) -> None:
    assert root.get("/api/calls/", {"token_id": "1.5"}).status_code == 400
    assert root.get("/api/calls/", {"token_id": "1"}).status_code == 200
