"""Tests of mcp_transport.sources.remote.credentials: tokens that the site asks for itself."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from urllib.parse import parse_qs

import pytest

from mcp_transport.testing import ToolFailed
from tests.sources.remote.conftest import Sited, here
from tests.sources.remote.scripted import Got, Scripted, text

SECRET = "the-secret&more"


class Issuer:
    """Gives tokens, and lets in who brings the last one."""

    def __init__(self) -> None:
        self.asked: list[Got] = []
        self.status = 200
        self.expires_in: Any = 3600

    @property
    def token(self) -> str:
        """The token that is good."""
        return f"token-{len(self.asked)}"

    async def __call__(self, got: Got) -> bool:
        """Give a token, or look at one."""
        if got.path == "/token":
            self.asked.append(got)
            told = {"access_token": self.token, "expires_in": self.expires_in}
            await got.reply(told, self.status)
            return True
        if got.headers.get("authorization") != f"Bearer {self.token}":
            await got.reply(b"", 401)
            return True
        if got.rpc == "tools/call":
            await got.result(text(f"you brought {got.headers['authorization']}"))
        return got.rpc == "tools/call"


@pytest.fixture
def issuer(scripted: Scripted) -> Issuer:
    """One that stands beside the server."""
    issuer = Issuer()
    scripted.act = issuer
    return issuer


def granted(scripted: Scripted, **grant: Any) -> dict[str, Any]:
    """The options of a server with tokens."""
    asked = {
        "token_url": f"http://127.0.0.1:{scripted.port}/token",
        "client_id": "the site",
        "client_secret": SECRET,
        **grant,
    }
    return here(scripted.url, auth={"client_credentials": asked})


async def test_a_token_is_asked_for_once_and_shown_to_nobody(
    sited: Sited, scripted: Scripted, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "mcp_transport")
    async with sited(far=granted(scripted, scope="a b")) as site:
        client = site.client("open")
        calls = (client.call("far_echo") for _ in range(10))
        said = [outcome.text for outcome in await asyncio.gather(*calls)]
    assert said == ["you brought Bearer [hidden]"] * 10
    (asked,) = issuer.asked
    pair = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
    assert pair == "the+site:the-secret%26more"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["a b"],
        "resource": [scripted.url],
    }
    served = [got for got in scripted.got if got.path == "/mcp"]
    assert not any(SECRET in f"{got.headers}{got.body.decode()}" for got in served)
    assert issuer.token not in caplog.text
    assert SECRET not in caplog.text


async def test_a_token_that_is_refused_is_replaced_once(
    sited: Sited, scripted: Scripted, issuer: Issuer
) -> None:
    async with sited(far=granted(scripted)) as site:
        client = site.client("open")
        await client.call("far_echo")
        issuer.asked.append(issuer.asked[0])  # the one that was given is good no more
        calls = (client.call("far_echo") for _ in range(5))
        await asyncio.gather(*calls)
        assert len({id(got) for got in issuer.asked}) == 2


async def test_who_is_refused_with_a_new_token_asks_no_more(
    sited: Sited, scripted: Scripted, issuer: Issuer
) -> None:
    async with sited(far=granted(scripted)) as site:
        client = site.client("open")
        await client.tools()

        async def refuse(got: Got) -> bool:
            if got.path == "/token":
                return await issuer(got)
            await got.reply(b"", 401)
            return True

        before, scripted.act = len(scripted.got), refuse
        with pytest.raises(ToolFailed, match="refuses the site's credentials"):
            await client.call("far_echo")
        assert [got.path for got in scripted.got[before:] if got.rpc != "subscriptions/listen"] == [
            "/mcp",
            "/token",
            "/mcp",
        ]


async def test_a_token_is_not_used_when_its_time_is_over(
    sited: Sited, scripted: Scripted, issuer: Issuer
) -> None:
    issuer.expires_in = 0.000001
    async with sited(far=granted(scripted, client_auth="post")) as site:
        client = site.client("open")
        await client.call("far_echo")
        await client.call("far_echo")
    assert len(issuer.asked) > 2
    form = parse_qs(issuer.asked[0].body.decode())
    assert form["client_secret"] == [SECRET]
    assert "authorization" not in issuer.asked[0].headers


async def test_where_there_is_no_token_nothing_is_asked(
    sited: Sited, scripted: Scripted, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.status = 400
    async with sited(far=granted(scripted)):
        pass
    assert {got.path for got in scripted.got} == {"/token"}
    assert "gets no token: status 400" in caplog.text
