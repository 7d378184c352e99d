"""Tests of mcp_transport.admin.addresses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.test import Client, RequestFactory

from mcp_transport.admin import addresses
from mcp_transport.audit.tallies import Entry
from tests.audit.called import NOW, call

HOUR = timedelta(hours=1)


def request_of(user: User | AnonymousUser) -> HttpRequest:
    """A request of somebody."""
    request = RequestFactory().get("/")
    request.user = user
    return request


@pytest.fixture
def rows(db: None) -> None:
    """One call of each kind."""
    call(outcome="ok")
    call(outcome="timeout")
    call(outcome="error", entry="pay")
    call(outcome="error", kind="", entry="nothing")
    call(2 * HOUR)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 4),
        ({"outcome": "failed"}, 3),
        ({"outcome": "denied"}, 1),
        ({"outcome": "timeout"}, 1),
        ({"entry": Entry("shop", "tool", "pay")}, 1),
        ({"server": "other"}, 0),
    ],
)
def test_the_list_behind_a_figure_has_its_calls(
    operator: Client, rows: None, wanted: dict[str, Any], count: int
) -> None:
    request = request_of(User.objects.get(username="root"))
    address = addresses.calls(request, since=NOW - HOUR, **wanted)
    page = operator.get(address).content.decode()
    assert (f"{count} call" if count else "No call fits") in page


def test_who_may_not_see_a_list_gets_no_address() -> None:
    nobody = request_of(AnonymousUser())
    assert addresses.calls(nobody, since=NOW) == ""
    assert addresses.sessions(nobody) == ""
    assert addresses.server_page(nobody, 1) == ""


def test_a_page_that_does_not_exist_is_looked_for_elsewhere() -> None:
    assert addresses.first(("admin:no_such_page", "admin:index")) == "/admin/"
    assert addresses.first(("admin:no_such_page",)) == ""
