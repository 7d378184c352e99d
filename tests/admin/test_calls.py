"""Tests of mcp_transport.admin.calls: the record of calls, looked through."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.admin import looking
from mcp_transport.models import Call, OperatorAction, Server

LIST = "admin:mcp_transport_call_changelist"
CALL = "admin:mcp_transport_call_change"
EXPORT = "admin:mcp_calls_export"


def made(number: int = 1, *, hours_ago: float = 0.1, **values: Any) -> Call:
    """A call; its number makes it unique."""
    fields: dict[str, Any] = {
        "worker": "w",
        "sequence": number,
        "started_at": timezone.now() - timedelta(hours=hours_ago),
        "duration_us": 1500,
        "server": "main",
        "method": "tools/call",
        "kind": "tool",
        "entry": f"entry_{number}",
        "outcome": "ok",
        "transport": "streamable_http",
    }
    return Call.objects.create(**fields | values)


def listed(operator: Client, **query: str) -> list[str]:
    """The entries that a page lists, in its order."""
    answer = operator.get(reverse(LIST), query)
    assert answer.status_code == 200
    return [row[1].text for row in answer.context["table"].rows]


def test_calls_of_a_day_are_listed_with_the_newest_first(operator: Client) -> None:
    made(1, hours_ago=30)
    made(2)
    made(3)
    assert listed(operator) == ["entry_3", "entry_2"]
    assert listed(operator, period="all") == ["entry_3", "entry_2", "entry_1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"server": "other"}, [3]),
        ({"entry": "entry_2"}, [2]),
        ({"username": "ada"}, [4]),
        ({"token_id": "7"}, [4]),
        ({"client": "Cursor/1"}, [5]),
        ({"session": "abcdefgh"}, [6]),
        ({"trace_id": "f00"}, [7]),
        ({"outcome": "timeout"}, [8]),
        ({"outcome": "failed"}, [10, 9, 8]),
        ({"outcome": "denied"}, [10]),
        ({"q": "sold OUT"}, [9]),
        ({"q": "f00"}, [7]),
        ({"q": "out of reach"}, []),
    ],
)
def test_each_filter_leaves_what_fits(
    operator: Client, query: dict[str, str], found: list[int]
) -> None:
    values: dict[int, dict[str, Any]] = {
        3: {"server": "other"},
        4: {"username": "ada", "token_id": 7},
        5: {"client": "Cursor/1"},
        6: {"session": "abcdefgh" + "x" * 35},
        7: {"trace_id": "f00"},
        8: {"outcome": "timeout"},
        9: {"outcome": "tool_error", "error": "The book is sold out."},
        10: {"outcome": "error", "kind": ""},
    }
    for number in range(1, 11):
        made(number, **values.get(number, {}))
    assert listed(operator, **query) == [f"entry_{number}" for number in found]


def test_a_stretch_of_time_is_chosen_by_its_ends(operator: Client) -> None:
    for hours in (1, 3, 5):
        made(hours, hours_ago=hours)
    ends = (timezone.now() - timedelta(hours=hours) for hours in (4, 2))
    since, until = (timezone.localtime(end).strftime("%Y-%m-%dT%H:%M") for end in ends)
    assert listed(operator, since=since, until=until) == ["entry_3"]


def test_what_is_no_filter_is_said_beside_its_field(operator: Client) -> None:
    made()
    answer = operator.get(reverse(LIST), {"since": "yesterday", "token_id": "x"})
    page = answer.content.decode()
    assert 'id="by-since-error"' in page
    assert 'id="by-token_id-error"' in page
    assert "entry_1" not in page


def test_a_page_looks_at_so_many_rows_and_goes_on_where_it_ended(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "REACH", 4)
    rows = [made(number, username="ada" if number == 1 else "") for number in range(1, 11)]
    assert rows[-1].pk - rows[0].pk == 9
    answer = operator.get(reverse(LIST), {"username": "ada"})
    steps = 0
    while answer.context["further"] and not answer.context["table"].rows:
        answer = operator.get(reverse(LIST) + answer.context["further"])
        steps += 1
    assert [row[1].text for row in answer.context["table"].rows] == ["entry_1"]
    assert steps == 2


def test_pages_lead_to_older_and_newer_ones(operator: Client) -> None:
    for number in range(1, 121):
        made(number)
    first = operator.get(reverse(LIST))
    older = operator.get(reverse(LIST) + first.context["pager"].older)
    assert older.context["table"].rows[0][1].text == "entry_70"
    newer = operator.get(reverse(LIST) + older.context["pager"].newer)
    assert newer.context["table"].rows[0][1].text == "entry_120"


def test_a_place_that_is_none_is_refused(operator: Client) -> None:
    assert operator.get(reverse(LIST), {"before": "nowhere"}).status_code == 400


def test_a_call_is_shown_whole(operator: Client, server: Server) -> None:
    call = made(
        arguments='{"text": "hello", "password": "[redacted]"}', error="It broke.",
        error_code=-32603, outcome="error", session="abcdefgh" + "x" * 35, digest="d" * 64,
    )  # fmt: skip
    page = operator.get(reverse(CALL, args=[call.pk])).content.decode()
    for said in ("-32603: It broke.", "hello", "[redacted]", "d" * 64, "abcdefgh"):
        assert said in page
    assert "x" * 35 not in page  # the id of a session opens it
    assert f"call={call.pk}" in page


def test_a_call_that_is_none_is_not_found(operator: Client) -> None:
    assert operator.get(reverse(CALL, args=[99])).status_code == 404
    assert operator.get(reverse(CALL, args=["x"])).status_code == 404


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_has_what_the_filter_leaves_and_is_recorded(operator: Client, form: str) -> None:
    made(1)
    made(2, username="ada", arguments='{"a": 1}')
    answer = operator.get(reverse(EXPORT, args=[form]), {"username": "ada"})
    text = answer.getvalue().decode()
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
    else:
        rows = [json.loads(line) for line in text.splitlines()]
    assert [row["entry"] for row in rows] == ["entry_2"]
    recorded = OperatorAction.objects.get()
    assert (recorded.action, recorded.kind, recorded.username) == ("export", "call", "root")
    assert recorded.difference == {"username": [None, "ada"]}


def test_an_export_of_another_form_is_not_found(operator: Client) -> None:
    assert operator.get(reverse(EXPORT, args=["xlsx"])).status_code == 404


@pytest.mark.parametrize("name", [LIST, CALL, EXPORT])
def test_staff_without_the_permission_see_nothing(db: None, name: str) -> None:
    call = made()
    client = Client()
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    arguments: Any = {CALL: [call.pk], EXPORT: ["csv"]}.get(name, [])
    assert client.get(reverse(name, args=arguments)).status_code == 403
    assert not OperatorAction.objects.exists()


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00"])
def test_a_time_at_the_end_of_the_calendar_is_an_error_of_its_field(
    operator: Client, at: str
) -> None:
    page = operator.get(reverse(LIST), {"since": at}).content.decode()
    assert "at the end of the calendar" in page
