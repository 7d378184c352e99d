"""Tests of mcp_transport.monitoring.door: who may fetch the figures."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User

from mcp_transport.models import Token

METRICS = "/metrics"


@sync_to_async
def a_token(*, may_view: bool, scopes: list[str]) -> tuple[bytes, bytes]:
    """The header of a user's token."""
    user = User.objects.create_user("watcher")
    if may_view:
        user.user_permissions.add(Permission.objects.get(codename="view_worker"))
    _, value = Token.objects.issue(owner=user, name="t", scopes=scopes)
    return b"authorization", f"Bearer {value}".encode()


async def test_there_are_no_figures_unless_a_site_asks_for_them(site: Any) -> None:
    watched = await site()
    with pytest.raises(LookupError):
        await watched.get(METRICS)


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        (("127.0.0.1", 1), [], 200),
        (("::1", 1), [], 200),
        (None, [], 200),
        (("", 0), [], 200),
        (("10.0.0.9", 1), [], 403),
        (("elsewhere", 1), [], 403),
        (("127.0.0.1", 1), [(b"x-forwarded-for", b"10.0.0.9")], 403),
        (("127.0.0.1", 1), [(b"forwarded", b"for=10.0.0.9")], 403),
    ],
)
async def test_on_loopback_nobody_else_is_shown_them(
    site: Any, client: Any, headers: Any, status: int
) -> None:
    watched = await site(MCP_METRICS_PATH=METRICS)
    found, text, sent = await watched.get(METRICS, *headers, client=client)
    assert found == status
    assert ("mcp_workers" in text) is (status == 200)
    assert sent[b"cache-control"] == b"no-store"


@pytest.mark.parametrize(
    ("may_view", "scopes", "status"),
    [(True, ["operator"], 200), (True, [], 403), (False, ["operator"], 403)],
)
async def test_by_permission_an_operators_token_opens_them(
    site: Any, may_view: bool, scopes: list[str], status: int
) -> None:
    watched = await site(MCP_METRICS_PATH=METRICS, MCP_METRICS_ACCESS="permission")
    header = await a_token(may_view=may_view, scopes=scopes)
    assert (await watched.get(METRICS, header))[0] == status


async def test_by_permission_nobody_else_comes_in(site: Any) -> None:
    watched = await site(MCP_METRICS_PATH=METRICS, MCP_METRICS_ACCESS="permission")
    status, _, headers = await watched.get(METRICS)
    assert (status, headers[b"www-authenticate"]) == (401, b'Bearer realm="metrics"')
    bad = (b"authorization", b"Bearer mcp_nonsense")
    assert (await watched.get(METRICS, bad))[0] == 401


async def test_anybody_may_fetch_them_if_the_site_says_so(site: Any) -> None:
    watched = await site(MCP_METRICS_PATH=METRICS, MCP_METRICS_ACCESS="anybody")
    assert (await watched.get(METRICS, client=("10.0.0.9", 1)))[0] == 200


async def test_only_reading_is_served(site: Any) -> None:
    watched = await site(MCP_METRICS_PATH=METRICS)
    status, _, headers = await watched.get(METRICS, method="POST")
    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")
    status, body, _ = await watched.get(METRICS, method="HEAD")
    assert (status, body) == (200, "")
