"""Tests of mcp_transport.admin.pages, by the overview's address."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from mcp_transport.admin.pages import render_fragment
from mcp_transport.models import Server
from tests.audit.called import call_at

PAGE = "admin:mcp_transport_overview_changelist"
LIVE = "admin:mcp_overview_live"


def staff(*codenames: str) -> Client:
    """The browser of staff with these permissions and no others."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("codenames", "status"),
    [(["view_overview"], 200), ([], 403), (["view_server", "view_call"], 403)],
)
def test_a_page_and_its_parts_ask_for_the_permission_to_view(
    db: None, codenames: list[str], status: int
) -> None:
    client = staff(*codenames)
    assert client.get(reverse(PAGE)).status_code == status
    assert client.get(reverse(LIVE, args=["chart"])).status_code == status


def test_whoever_has_not_logged_in_is_sent_to_do_so(db: None) -> None:
    for address in (reverse(PAGE), reverse(LIVE, args=["chart"])):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert "login" in answer.headers["Location"]


def test_a_part_that_a_page_does_not_have_is_not_found(operator: Client) -> None:
    assert operator.get(reverse(LIVE, args=["nothing"])).status_code == 404


def test_the_part_of_a_page_has_the_version_that_its_address_answers(
    operator: Client, server: Server
) -> None:
    page = operator.get(reverse(PAGE)).content.decode()
    marked = re.search(
        r'data-live="([^"]*/chart/[^"]*)"[^>]*data-version="&quot;(\w+)&quot;"', page
    )
    assert marked
    answer = operator.get(marked[1].replace("&amp;", "&"))
    assert answer.headers["ETag"] == f'"{marked[2]}"'


def test_who_has_the_part_already_gets_nothing_again(operator: Client, server: Server) -> None:
    address = reverse(LIVE, args=["chart"])
    tag = operator.get(address).headers["ETag"]
    answer = operator.get(address, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    call_at(datetime.now(UTC))
    assert operator.get(address, headers={"If-None-Match": tag}).status_code == 200


def fragment(version: str, shown: str) -> HttpResponse:
    """Ask for a part whose context must not be asked for."""
    request = RequestFactory().get("/", headers={"If-None-Match": shown})
    return render_fragment(request, "no.html", lambda: pytest.fail("asked"), version=version)


def test_a_version_that_is_known_beforehand_saves_the_rest() -> None:
    assert fragment("7", 'W/"7"').status_code == 304
    with pytest.raises(pytest.fail.Exception):
        fragment("8", 'W/"7"')
