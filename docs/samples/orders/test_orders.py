"""What the guide to testing shows."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import User

from docs.samples.orders.mcp import Desk, order
from mcp_transport import ToolError
from mcp_transport.models import Call, Server, Token
from mcp_transport.testing import REVISIONS, Refusal


async def test_an_order_is_taken(mcp):
    assert (await mcp.call("order", code="emma")).text == "ada ordered emma"


async def test_strangers_order_nothing(mcp):
    with pytest.raises(ToolError, match="who asks"):
        await mcp.as_user(None).call("order", code="emma")


def test_the_function_alone():
    assert order("emma", desk=Desk(User(username="grace"), "en")) == "grace ordered emma"


@pytest.mark.parametrize("mcp_revision", REVISIONS)
async def test_every_revision(mcp):
    assert (await mcp.call("whoami")).text == "ada"


async def test_progress(mcp):
    result = await mcp.call("pack", codes=["emma", "origin"])
    assert [report.done for report in result.progress] == [1, 2]
    assert result.progress[0].message == "packed emma"


def test_without_async(mcp_sync):
    assert mcp_sync.call("weigh", codes=["emma"]).structured == 300
    assert Call.objects.get().entry == "weigh"


@pytest.fixture
def guarded(transactional_db):
    Server.objects.create(slug="guarded", access="token")
    return Token.objects.issue(owner=User.objects.create(username="grace"), name="test")[1]


async def test_a_token(mcp_site, guarded):
    assert (await mcp_site.client("guarded", token=guarded).call("whoami")).text == "grace"
    with pytest.raises(Refusal) as refused:
        await mcp_site.client("guarded").call("whoami")
    assert refused.value.code == 401


async def test_time(mcp_site, mcp_clock):
    client = mcp_site.client(revision="2025-11-25")
    await client.tools()
    mcp_clock.advance(datetime.timedelta(hours=2))
    with pytest.raises(Refusal):
        await client.tools()


async def test_changes(mcp):
    async with mcp.listen("tools") as changes:
        await Server.objects.filter(slug="test").aupdate(offers=["orders:whoami"])
        assert (await changes.next()).kind == "tools"
    assert list(await mcp.tools()) == ["whoami"]
