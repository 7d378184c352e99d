"""Who is told of an operator's change, and who is sent away by one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import transaction
from rest_framework.test import APIClient

from mcp_transport.engine import announcing
from mcp_transport.engine.announcing import Told, announce, wait_for_reports
from mcp_transport.models import EntryOverride, PublishedDefinition, Report, Server, Session, Token
from mcp_transport.testing import Http
from mcp_transport.worker.lifespan import runtime
from tests.client import LegacyClient
from tests.interaction.conftest import ConnectLegacy, ConnectModern, UserToken
from tests.interaction.requirements import covers
from tests.sockets import Sockets

pytestmark = pytest.mark.inside
GUARDED = "/mcp/guarded"


@sync_to_async
def switch(name: str, *, is_enabled: bool) -> Told:
    """Switch a tool of the open server on or off, and hear who was told."""
    server = Server.objects.get(slug="open")
    with transaction.atomic():
        row, _is_new = EntryOverride.objects.get_or_create(server=server, kind="tool", name=name)
        row.is_enabled = is_enabled
        row.save()
        announcement = announce(server)
    return wait_for_reports(announcement, patience=5)


@covers("SUB-4")
async def test_an_operator_learns_how_many_were_told(
    modern: ConnectModern, legacy: ConnectLegacy
) -> None:
    stateless = await modern().listen({"toolsListChanged": True})
    await stateless.expect("notifications/subscriptions/acknowledged")
    deaf = await modern().listen({"promptsListChanged": True})
    await deaf.expect("notifications/subscriptions/acknowledged")
    session = await (await legacy("2025-11-25")).listen()
    told = await switch("repeat", is_enabled=False)
    assert told == Told(told=2, listening=3, workers=1, answered=1)
    assert str(told) == "2 live sessions were notified."
    for stream in (stateless, session):
        await stream.expect("notifications/tools/list_changed")


@sync_to_async
def patch(path: str, body: dict[str, Any]) -> Any:
    """Change something by the API, as an administrator."""
    client = APIClient()
    client.force_authenticate(User.objects.create_superuser("root"))
    return client.patch(path, body, format="json").json()


@covers("SUB-4")
async def test_an_operator_s_program_learns_it_too(modern: ConnectModern) -> None:
    stream = await modern().listen({"toolsListChanged": True})
    await stream.expect("notifications/subscriptions/acknowledged")
    entry = await patch("/api/servers/open/entries/tool/repeat/", {"is_enabled": False})
    assert entry["notified"] == {"told": 1, "listening": 1, "workers": 1, "answered": 1}
    await stream.expect("notifications/tools/list_changed")


@covers("SUB-4")
async def test_changes_in_quick_succession_are_all_told(modern: ConnectModern) -> None:
    stream = await modern().listen({"toolsListChanged": True})
    await stream.expect("notifications/subscriptions/acknowledged")
    for is_enabled in (False, True, False):
        assert (await switch("repeat", is_enabled=is_enabled)).told == 1
        await stream.expect("notifications/tools/list_changed")


@covers("SUB-4")
async def test_nobody_is_told_of_what_they_do_not_see(
    modern: ConnectModern, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "RECENT", 0.5)
    stream = await modern().listen({"toolsListChanged": True})
    await stream.expect("notifications/subscriptions/acknowledged")
    told = await switch("nothing_of_that_name", is_enabled=False)
    assert (told.told, told.listening) == (0, 1)
    assert str(told) == "0 live sessions were notified."


@covers("SUB-4")
async def test_a_process_that_does_not_answer_is_not_waited_for(http: Http) -> None:
    server = await Server.objects.aget(slug="open")
    silent = await sync_to_async(announce)(server)
    await sync_to_async(wait_for_reports)(silent, patience=5)  # the one that runs answers
    await Report.objects.all().adelete()
    told = await sync_to_async(wait_for_reports)(silent, patience=0)
    assert (told.workers, told.answered) == (1, 0)
    assert "not said yet" in str(told)


@covers("SUB-4")
def test_it_is_said_in_words() -> None:
    assert str(Told()) == "No worker process runs, so nobody had to be told."
    assert str(Told(told=1, workers=1, answered=1)) == "1 live session was notified."
    assert "1 of 2 worker processes did not answer yet" in str(Told(workers=2, answered=1))


async def published(number: int) -> PublishedDefinition:
    """What the tool ``repeat`` said of itself, once that has been kept."""
    async with asyncio.timeout(30):
        while True:
            await runtime().chores.tend()
            rows = PublishedDefinition.objects.filter(name="repeat", number=number)
            if (row := await rows.afirst()) is not None:
                return row


@covers("SUB-4")
async def test_what_entries_say_of_themselves_is_kept(http: Http, modern: ConnectModern) -> None:
    await modern().ask("tools/list")
    first = await published(1)
    server = await Server.objects.aget(slug="open")
    await EntryOverride.objects.acreate(server=server, name="repeat", description="Send me all.")
    runtime().directory.forget()
    await modern().ask("tools/list")
    second = await published(2)
    assert first.value["description"] != second.value["description"] == "Send me all."


@covers("SUB-4")
async def test_a_token_that_is_revoked_ends_what_is_open(
    http: Http,
    sockets: Sockets,
    user_token: UserToken,
    modern: ConnectModern,
    legacy: ConnectLegacy,
) -> None:
    token = await user_token()
    listening = await modern(path=GUARDED, token=token).listen({"toolsListChanged": True})
    await listening.expect("notifications/subscriptions/acknowledged")
    session: LegacyClient = await legacy("2025-11-25", path=GUARDED, token=token)
    stream = await session.listen()
    bearer = {"authorization": f"Bearer {token}"}
    plain, shaken = [await sockets.open(f"{GUARDED}/ws", headers=bearer) for _ in range(2)]
    await shaken.initialize()
    await sync_to_async(Token.objects.all().revoke)()
    assert await plain.closed() == 4401
    assert await shaken.closed() in {4401, 4404}
    async for _message in listening.messages():
        pass
    async for _message in stream.messages():
        pass
    assert not await Session.objects.filter(closed_at=None).aexists()
