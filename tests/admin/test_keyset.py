"""Tests of mcp_transport.admin.keyset."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import BadRequest
from django.http import QueryDict

from mcp_transport.admin.keyset import KeysetPage, keyset_page
from mcp_transport.models import Server, Worker

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ORDER = ("-seen_at", "-id")


@pytest.fixture
def workers(db: None) -> list[str]:
    """Seven rows, two of each time, as they are listed."""
    rows = [
        Worker(
            id=f"w{number}", hostname="h", pid=1, started_at=NOON,
            seen_at=NOON + timedelta(minutes=number // 2),
        )
        for number in range(7)
    ]  # fmt: skip
    Worker.objects.bulk_create(rows)
    return [f"w{number}" for number in reversed(range(7))]


def page(query: str = "") -> KeysetPage:
    """Three rows of the list."""
    return keyset_page(Worker.objects.all(), QueryDict(query), order=ORDER, size=3)


def ids(shown: KeysetPage) -> list[str]:
    """The rows of a page."""
    return [row.id for row in shown.rows]


def test_pages_follow_one_another_without_a_gap(workers: list[str]) -> None:
    first = page()
    second = page(first.older[1:])
    third = page(second.older[1:])
    assert ids(first) + ids(second) + ids(third) == workers
    assert (first.newer, third.older) == ("", "")


def test_the_way_back_leads_over_the_same_pages(workers: list[str]) -> None:
    second = page(page().older[1:])
    assert ids(page(second.newer[1:])) == workers[:3]
    third = page(second.older[1:])
    assert ids(page(third.newer[1:])) == workers[3:6]


def test_the_newest_page_reached_from_below_has_nothing_newer(workers: list[str]) -> None:
    back = page(page(page().older[1:]).newer[1:])
    assert back.newer == ""
    assert back.older


def test_a_page_keeps_the_filters_of_its_list(workers: list[str]) -> None:
    assert "outcome=ok" in page("outcome=ok&before=").older


@pytest.mark.parametrize("place", ["x", "W10", "bnVsbA", "WyJ4IiwieSJd", "é"])
def test_a_place_that_is_none_is_a_bad_request(workers: list[str], place: str) -> None:
    with pytest.raises(BadRequest, match="no place"):
        page(f"before={place}")


@pytest.mark.parametrize(
    "values",
    [
        ["9999-12-31T23:59:59-14:00", "w1"],
        ["2026-01-01", "w1"],
        ["2026-01-01T00:00:00Z", "w\0"],
        [1, 2],
        [[], {}],
    ],
)
def test_a_place_that_no_row_could_have_is_refused(
    workers: list[str], values: list[object]
) -> None:
    place = urlsafe_b64encode(json.dumps(values).encode()).decode()
    with pytest.raises(BadRequest, match="no place in this list"):
        page(f"before={place}")


@pytest.mark.parametrize("text", ["[1e999]", "[" * 5000])
def test_a_key_that_is_no_number_is_refused(db: None, text: str) -> None:
    place = urlsafe_b64encode(text.encode()).decode()
    with pytest.raises(BadRequest):
        keyset_page(Server.objects.all(), QueryDict(f"before={place}"))
