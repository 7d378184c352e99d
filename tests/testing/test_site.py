"""Tests of mcp_transport.testing.site."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User

from mcp_transport.models import Server, Session, Token
from mcp_transport.testing import Refusal, Site
from mcp_transport.testing.site import present_guest


@pytest.fixture
def ada(transactional_db: None) -> User:
    return User.objects.create(username="ada")


@pytest.fixture
def ada_token(ada: User) -> str:
    return Token.objects.issue(owner=ada, name="test")[1]


@pytest.fixture
def guarded(transactional_db: None) -> Server:
    return Server.objects.create(slug="guarded", access="token")


async def test_a_guarded_server_lets_in_a_user(mcp_site: Site, guarded: Server, ada: User) -> None:
    with pytest.raises(Refusal) as caught:
        await mcp_site.client("guarded").call("nothing")
    assert caught.value.code == 401
    await mcp_site.client("guarded", user=ada).call("nothing")


async def test_a_guarded_server_lets_in_a_token(
    mcp_site: Site, guarded: Server, ada_token: str
) -> None:
    await mcp_site.client("guarded", token=ada_token).call("nothing")
    with pytest.raises(Refusal):
        await mcp_site.client("guarded", token=ada_token[:-1]).call("nothing")


async def test_a_user_who_became_inactive_is_refused(mcp_site: Site, ada: User) -> None:
    client = mcp_site.client(user=ada)
    await client.call("nothing")
    await User.objects.aupdate(is_active=False)
    with pytest.raises(Refusal) as caught:
        await client.call("nothing")
    assert caught.value.code == 401


async def test_nobody_needs_no_token(mcp_site: Site) -> None:
    assert mcp_site.admit(None) == mcp_site.admit(AnonymousUser()) == ""


async def test_without_a_slug_the_default_server_answers(mcp_site: Site) -> None:
    assert (await mcp_site.client().call("repeat", text="x")).text == "x"


async def test_sessions_go_on_when_the_site_starts_anew(mcp_site: Site) -> None:
    client = mcp_site.client(revision="2025-11-25")
    await client.call("nothing")
    await mcp_site.restart()
    await client.call("nothing")
    assert await Session.objects.acount() == 1  # the client did not have to begin again


def test_a_guest_has_the_permissions_of_the_moment(ada: User) -> None:
    assert present_guest(ada.pk).permissions == frozenset()
    User.objects.update(is_superuser=True)
    assert present_guest(ada.pk).is_superuser
