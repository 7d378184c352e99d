from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_transport import resource
from mcp_transport.registry.registry import registry
from tests.apps.good.mcp import PIXEL
from tests.client import MODERN_REVISION
from tests.interaction.conftest import AnyClient, Connect, ConnectLegacy, ConnectModern, UserToken
from tests.interaction.requirements import covers

UPDATED = "notifications/resources/updated"


async def read(client: AnyClient, uri: str) -> list[dict[str, Any]]:
    contents: list[dict[str, Any]] = (await client.ask("resources/read", {"uri": uri})).result[
        "contents"
    ]
    return contents


def not_found(revision: str) -> int:
    return -32602 if revision == MODERN_REVISION else -32002


@covers("RES-5")
async def test_a_read_brings_text_or_bytes_with_their_uri(connect: Connect) -> None:
    client = await connect()
    (text,) = await read(client, "note://plain")
    assert text == {"uri": "note://plain", "mimeType": "text/plain", "text": "plain"}
    (blob,) = await read(client, "note://pixel")
    assert base64.b64decode(blob["blob"]) == PIXEL
    assert blob["mimeType"] == "image/png"


@covers("RES-5")
async def test_a_read_may_bring_several_contents(connect: Connect) -> None:
    contents = await read(await connect(), "note://several")
    assert [part["uri"] for part in contents] == ["note://several/a", "note://several/b"]


@covers("RES-2", "RES-3")
@pytest.mark.parametrize("uri", ["note://nowhere", "note://item/", "other://item/5"])
async def test_a_missing_resource_is_an_error_that_names_it(
    connect: Connect, revision: str, uri: str
) -> None:
    error = (await (await connect()).ask("resources/read", {"uri": uri})).error
    assert error["code"] == not_found(revision)
    assert error["data"] == {"uri": uri}


@covers("RES-2")
@pytest.mark.parametrize("params", [{}, {"uri": 5}])
async def test_a_read_needs_a_uri(connect: Connect, params: dict[str, Any]) -> None:
    assert (await (await connect()).ask("resources/read", params)).error["code"] == -32602


@covers("RES-4", "LOG-4")
async def test_a_resource_that_breaks_is_an_internal_error(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await (await connect()).ask("resources/read", {"uri": "note://broken"})
    assert reply.refused == (200, -32603)
    assert "hunter2" not in str(reply.error)
    assert "hunter2" in caplog.text


@covers("RES-6")
@pytest.mark.parametrize("uri", ["", "no-scheme", "//host/path", "1a:x", "a b:c"])
def test_a_uri_without_a_scheme_cannot_be_registered(uri: str) -> None:
    with registry.registered_temporarily(), pytest.raises(ImproperlyConfigured):

        @resource(uri)
        def lost() -> str:
            """Never registered."""
            return ""


@covers("RES-7")
@pytest.mark.parametrize(
    "uri",
    [
        "file:///shelf/../../etc/passwd",
        "file:///shelf/%2e%2e/%2e%2e/etc/passwd",
        "file:///shelf/a/..%2fb",
        "note://item/..",
    ],
)
async def test_a_uri_does_not_climb_out(connect: Connect, revision: str, uri: str) -> None:
    error = (await (await connect()).ask("resources/read", {"uri": uri})).error
    assert error["code"] == not_found(revision)


@covers("RES-7", "TOOL-15")
async def test_a_resource_that_one_may_not_read_is_answered_like_a_missing_one(
    connect: Connect, revision: str, user_token: UserToken
) -> None:
    staff = await connect(path="/mcp/guarded", token=await user_token("eve", is_staff=True))
    other = await connect(path="/mcp/guarded", token=await user_token("bob"))
    assert (await read(staff, "note://staff"))[0]["text"] == "staff"
    error = (await other.ask("resources/read", {"uri": "note://staff"})).error
    assert error["code"] == not_found(revision)
    listed = (await other.ask("resources/list")).result["resources"]
    assert "note://staff" not in {entry["uri"] for entry in listed}


@covers("RES-8")
@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("note://item/7", '"7"'),
        ("note://item/a%20b", '"a b"'),
        ("file:///shelf/a/b.txt", "file a/b.txt"),
    ],
)
async def test_a_template_is_filled_from_its_uri(connect: Connect, uri: str, expected: str) -> None:
    (part,) = await read(await connect(), uri)
    assert expected in part["text"]
    assert part["uri"] == uri


@covers("RES-8")
async def test_templates_are_listed_apart_from_resources(connect: Connect) -> None:
    client = await connect()
    result = (await client.ask("resources/templates/list")).result
    templates = {entry["uriTemplate"] for entry in result["resourceTemplates"]}
    assert templates == {"note://item/{number}", "file:///shelf/{+path}"}
    resources = (await client.ask("resources/list")).result["resources"]
    assert not any("{" in entry["uri"] for entry in resources)


@covers("RES-9", "LH-2", "LH-3")
async def test_a_session_that_subscribed_hears_of_a_change_and_no_other(
    connect_legacy: ConnectLegacy, modern: ConnectModern
) -> None:
    subscribed, other = await connect_legacy(), await connect_legacy()
    first, second = await subscribed.listen(), await other.listen()
    assert (await subscribed.ask("resources/subscribe", {"uri": "note://plain"})).result == {}
    assert (await other.ask("resources/subscribe", {"uri": "note://pixel"})).result == {}
    await modern().call("touch", {"uri": "note://plain"})
    await modern().call("touch", {"uri": "note://pixel"})
    assert await first.expect(UPDATED) == {"uri": "note://plain"}
    assert await second.expect(UPDATED) == {"uri": "note://pixel"}
    await first.close()
    await second.close()


@covers("RES-9")
@pytest.mark.inside
async def test_after_unsubscribing_a_session_hears_nothing(
    connect_legacy: ConnectLegacy, modern: ConnectModern
) -> None:
    client = await connect_legacy()
    stream = await client.listen()
    for uri in ("note://plain", "note://pixel"):
        await client.ask("resources/subscribe", {"uri": uri})
    assert (await client.ask("resources/unsubscribe", {"uri": "note://plain"})).result == {}
    await modern().call("touch", {"uri": "note://plain"})
    await modern().call("touch", {"uri": "note://pixel"})
    assert await stream.expect(UPDATED) == {"uri": "note://pixel"}
    await stream.close()


@covers("RES-9")
async def test_what_is_subscribed_to_at_once_is_all_kept(
    connect_legacy: ConnectLegacy, modern: ConnectModern
) -> None:
    client = await connect_legacy()
    stream = await client.listen()
    uris = [f"note://item/{number}" for number in range(5)]
    await asyncio.gather(*(client.ask("resources/subscribe", {"uri": uri}) for uri in uris))
    for uri in uris:
        await modern().call("touch", {"uri": uri})
        assert await stream.expect(UPDATED) == {"uri": uri}
    await stream.close()


@covers("RES-9")
async def test_what_is_subscribed_to_has_a_short_name(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    uri = "file:///shelf/" + "x" * 2000
    reply = await client.ask("resources/subscribe", {"uri": uri})
    assert reply.error["code"] == -32602
    assert "at most 2000 characters" in reply.error["message"]
    assert (await client.ask("resources/subscribe", {"uri": uri[:2000]})).result == {}


@covers("RES-9", "RES-2")
async def test_what_does_not_exist_cannot_be_subscribed_to(
    connect_legacy: ConnectLegacy,
) -> None:
    reply = await (await connect_legacy()).ask("resources/subscribe", {"uri": "note://nowhere"})
    assert reply.error["code"] == -32002


@covers("RES-11", "RES-1")
async def test_a_resource_tells_who_it_is_for(connect: Connect, revision: str) -> None:
    resources = (await (await connect()).ask("resources/list")).result["resources"]
    entry = next(entry for entry in resources if entry["uri"] == "note://plain")
    annotations = {"audience": ["assistant"], "priority": 0.5}
    if revision >= "2025-06-18":
        annotations["lastModified"] = "2026-01-01T00:00:00Z"
    assert entry["annotations"] == annotations
    assert entry["size"] == 5
    assert entry["name"]
