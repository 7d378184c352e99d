"""What the guide to changes shows."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import transaction

from mcp_transport.changes import list_changed
from mcp_transport.testing import REVISIONS


@pytest.fixture
def ada(transactional_db):
    """A user who is there before the site runs, so that nobody is told of it."""
    return User.objects.create(username="ada")


@pytest.mark.parametrize("mcp_revision", REVISIONS)
async def test_readers_are_told(ada, mcp):
    async with mcp.listen(resources=["profile://ada"]) as changes:
        ada.first_name = "Ada"
        await sync_to_async(ada.save)()
        assert (await changes.next()).uri == "profile://ada"
        assert changes.is_quiet


@transaction.atomic
def save_and_fail(user: User) -> None:
    user.save()
    transaction.set_rollback(True)


async def test_what_is_rolled_back_is_not_told(ada, mcp):
    async with mcp.listen("tools", resources=["profile://ada"]) as changes:
        await sync_to_async(save_and_fail)(ada)
        await sync_to_async(list_changed)("tools")
        assert (await changes.next()).kind == "tools"


async def test_another_server_hears_nothing(mcp, mcp_server):
    other = await type(mcp_server).objects.acreate(slug="other", access="public")
    async with mcp.listen("tools", "prompts") as changes:
        await sync_to_async(list_changed)("tools", server=other)
        await sync_to_async(list_changed)("prompts", server=mcp_server)
        assert (await changes.next()).kind == "prompts"
