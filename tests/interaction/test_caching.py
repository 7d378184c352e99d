from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.models import Server
from tests.interaction.conftest import Configure, ConnectModern, UserToken
from tests.interaction.requirements import covers

CACHEABLE: list[tuple[str, dict[str, Any]]] = [
    ("server/discover", {}),
    ("tools/list", {}),
    ("prompts/list", {}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("resources/read", {"uri": "note://plain"}),
]
REFERENCE = {"type": "ref/prompt", "name": "plan"}
NOT_CACHEABLE: list[tuple[str, dict[str, Any]]] = [
    ("tools/call", {"name": "nothing"}),
    ("prompts/get", {"name": "illustrated"}),
    ("completion/complete", {"ref": REFERENCE, "argument": {"name": "season", "value": ""}}),
]


@covers("CACHE-1")
@pytest.mark.parametrize(("method", "params"), CACHEABLE)
async def test_lists_reads_and_discovery_say_how_long_they_hold(
    modern: ConnectModern, method: str, params: dict[str, Any]
) -> None:
    result = (await modern().ask(method, params)).result
    assert type(result["ttlMs"]) is int
    assert result["ttlMs"] >= 0
    assert result["cacheScope"] in {"public", "private"}


@covers("CACHE-1")
@pytest.mark.parametrize(("method", "params"), NOT_CACHEABLE)
async def test_nothing_else_says_so(
    modern: ConnectModern, method: str, params: dict[str, Any]
) -> None:
    result = (await modern().ask(method, params)).result
    assert not {"ttlMs", "cacheScope"} & set(result)


@covers("CACHE-2", "PAGE-1")
async def test_all_pages_may_be_kept_by_the_same_people(
    modern: ConnectModern, configure: Configure
) -> None:
    await configure(MCP_PAGE_SIZE=5)
    client = modern()
    scopes, cursor = [], None
    while True:
        page = (await client.ask("tools/list", {"cursor": cursor} if cursor else {})).result
        scopes.append(page["cacheScope"])
        if (cursor := page.get("nextCursor")) is None:
            break
    assert len(scopes) > 3
    assert len(set(scopes)) == 1


@covers("CACHE-2")
@pytest.mark.parametrize(
    ("changes", "scope"),
    [
        ({}, "private"),  # some of what it offers is for staff only
        ({"offers": ["good:nothing"]}, "public"),
        ({"offers": ["good:nothing"], "access": "token"}, "private"),
    ],
)
async def test_what_differs_between_users_is_kept_by_each_for_themselves(
    modern: ConnectModern,
    configure: Configure,
    user_token: UserToken,
    changes: dict[str, Any],
    scope: str,
) -> None:
    if changes:
        await Server.objects.filter(slug="open").aupdate(**changes)
    await configure()
    page = (await modern(token=await user_token()).ask("tools/list")).result
    assert page["cacheScope"] == scope


@covers("CACHE-2")
async def test_what_a_token_is_not_good_for_is_missing_from_its_own_list_alone(
    modern: ConnectModern, configure: Configure, user_token: UserToken
) -> None:
    await Server.objects.filter(slug="open").aupdate(offers=["good:nothing"])
    await configure()
    token = await user_token(scopes=["resources"])
    page = (await modern(token=token).ask("tools/list")).result
    assert (page["tools"], page["cacheScope"]) == ([], "private")


@covers("CACHE-1")
async def test_how_long_is_a_setting(modern: ConnectModern, configure: Configure) -> None:
    await configure(MCP_CACHE_TTL_MS=1234)
    assert (await modern().ask("tools/list")).result["ttlMs"] == 1234
