from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.client import ELICITING_REVISIONS, LEGACY_REVISIONS
from tests.interaction.conftest import Connect, ConnectLegacy
from tests.interaction.requirements import covers

# Members of objects, by the first revision that defines them there.
SINCE = {
    "title": "2025-06-18",
    "outputSchema": "2025-06-18",
    "structuredContent": "2025-06-18",
    "lastModified": "2025-06-18",
    "icons": "2025-11-25",
    "websiteUrl": "2025-11-25",
    "execution": "2025-11-25",
    "resultType": "2026-07-28",
    "ttlMs": "2026-07-28",
    "cacheScope": "2026-07-28",
    "io.modelcontextprotocol/serverInfo": "2026-07-28",
    "inputRequests": "2026-07-28",
    "requestState": "2026-07-28",
}
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("tools/list", {}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("prompts/list", {}),
    ("tools/call", {"name": "media"}),
    ("tools/call", {"name": "quote", "arguments": {"parcel": {"weight": 1}}}),
    ("tools/call", {"name": "primes", "arguments": {"limit": 9}}),
    ("tools/call", {"name": "own_result"}),
    ("tools/call", {"name": "fails"}),
    ("resources/read", {"uri": "note://plain"}),
    ("resources/read", {"uri": "note://pixel"}),
    ("prompts/get", {"name": "illustrated"}),
]


def members(value: Any, *, inside: str = "") -> Iterator[str]:
    """Every member of the protocol's own objects; schemas are the tools' own."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            if name not in {"inputSchema", "outputSchema", "structuredContent"}:
                yield from members(item, inside=name)
    elif isinstance(value, list):
        for item in value:
            yield from members(item, inside=inside)


@covers("ERA-14", "RPC-5", "TOOL-17")
@pytest.mark.parametrize(("method", "params"), REQUESTS)
async def test_nothing_newer_is_sent_to_an_older_client(
    connect_legacy: ConnectLegacy, legacy_revision: str, method: str, params: dict[str, Any]
) -> None:
    result = (await (await connect_legacy()).ask(method, params)).result
    newer = {name for name, since in SINCE.items() if since > legacy_revision}
    assert newer & set(members(result)) == set()


@covers("ERA-14", "LC-1")
async def test_nothing_newer_stands_in_the_handshake(
    connect_legacy: ConnectLegacy, legacy_revision: str
) -> None:
    result = (await connect_legacy()).initialized
    newer = {name for name, since in SINCE.items() if since > legacy_revision}
    assert newer & set(members(result)) == set()
    assert not {"tasks", "extensions", "experimental"} & set(result["capabilities"])


@covers("ERA-14")
async def test_metadata_of_definitions_begins_with_2025_06_18(
    connect: Connect, revision: str
) -> None:
    tools = (await (await connect()).ask("tools/list")).result["tools"]
    repeat = next(tool for tool in tools if tool["name"] == "repeat")
    if revision < "2025-06-18":
        assert "_meta" not in repeat
    else:
        assert repeat["_meta"] == {"example.com/kind": 1}


@covers("ERA-14", "RPC-5")
@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
async def test_no_result_of_a_session_carries_modern_metadata(connect: Connect) -> None:
    client = await connect()
    for method in ("ping", "tools/list", "resources/list"):
        assert "_meta" not in (await client.ask(method)).result


@covers("ERA-14", "PRG-2")
async def test_progress_has_a_message_in_every_revision_that_speaks_http(
    connect: Connect,
) -> None:
    reply = await (await connect()).call("count", meta={"progressToken": "t"})
    assert reply.notifications[0]["params"]["message"] == "step 1"


@covers("ERA-14", "TOOL-13", "RES-11")
async def test_annotations_lose_what_is_newer(connect: Connect, revision: str) -> None:
    block = (await (await connect()).call("media")).result["content"][0]
    expected: dict[str, Any] = {"audience": ["user"]}
    if revision in ELICITING_REVISIONS:
        expected["lastModified"] = "2026-01-01T00:00:00Z"
    assert block["annotations"] == expected


@covers("ERA-14", "EL-2")
async def test_a_revision_without_forms_is_never_sent_one(legacy: ConnectLegacy) -> None:
    client = await legacy("2025-03-26", capabilities={"elicitation": {}})
    response = (await client.call("greet")).response
    assert "error" in response or response["result"]["isError"] is True


@covers("ERA-14", "EL-4")
async def test_a_revision_without_links_is_never_sent_one(legacy: ConnectLegacy) -> None:
    client = await legacy("2025-06-18", capabilities={"elicitation": {"url": {}}})
    response = (await client.call("visit")).response
    assert "error" in response or response["result"]["isError"] is True
