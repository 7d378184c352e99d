from __future__ import annotations

import logging

import pytest

from tests.client import LOG_LEVEL, MODERN_REVISION, Reply, text_of
from tests.interaction.conftest import AnyClient, Connect, ConnectLegacy, ConnectModern
from tests.interaction.requirements import covers


async def narrated(client: AnyClient, level: str) -> Reply:
    """Call the tool that logs, with the level asked for in the era's own way."""
    if client.revision == MODERN_REVISION:
        return await client.call("narrate", meta={LOG_LEVEL: level})
    assert (await client.ask("logging/setLevel", {"level": level})).result == {}
    return await client.call("narrate")


def levels(reply: Reply) -> list[str]:
    assert {note["method"] for note in reply.notifications} <= {"notifications/message"}
    return [note["params"]["level"] for note in reply.notifications]


@covers("LOG-1", "LOG-5")
async def test_a_request_that_names_no_level_is_sent_nothing(modern: ConnectModern) -> None:
    reply = await modern().call("narrate")
    assert reply.notifications == []
    assert not reply.is_stream


@covers("LOG-2", "LC-10")
@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", ["debug", "info", "error"]),
        ("info", ["info", "error"]),
        ("warning", ["error"]),
        ("critical", []),
    ],
)
async def test_messages_below_the_level_are_kept_back(
    connect: Connect, level: str, expected: list[str]
) -> None:
    assert levels(await narrated(await connect(), level)) == expected


@covers("LOG-2", "SSE-1")
async def test_a_message_says_what_who_and_how_bad(connect: Connect) -> None:
    reply = await narrated(await connect(), "info")
    first = reply.notifications[0]["params"]
    assert first == {"level": "info", "logger": "good", "data": {"step": 1}}


@covers("LOG-2")
async def test_one_request_does_not_set_the_level_of_the_next(modern: ConnectModern) -> None:
    client = modern()
    assert levels(await narrated(client, "debug"))
    assert (await client.call("narrate")).notifications == []


@covers("LOG-3", "LC-10")
async def test_a_level_that_does_not_exist_is_refused(connect: Connect, revision: str) -> None:
    client = await connect()
    if revision == MODERN_REVISION:
        reply = await client.ask("tools/list", meta={LOG_LEVEL: "loud"})
        assert reply.refused == (400, -32602)
    else:
        reply = await client.ask("logging/setLevel", {"level": "loud"})
        assert reply.refused == (200, -32602)
    assert "loud" in reply.error["message"]


@covers("LC-10")
async def test_the_level_of_a_session_is_its_own(connect_legacy: ConnectLegacy) -> None:
    loud, quiet = await connect_legacy(), await connect_legacy()
    assert levels(await narrated(quiet, "emergency")) == []
    assert levels(await narrated(loud, "debug")) == ["debug", "info", "error"]
    assert levels(await quiet.call("narrate")) == []


@covers("LOG-4")
async def test_what_goes_wrong_inside_is_logged_here_and_not_told_there(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect()
    with caplog.at_level(logging.ERROR):
        reply = await client.call("breaks")
    assert reply.result["isError"] is True
    assert "hunter2" not in text_of(reply.result)
    assert "hunter2" in caplog.text
