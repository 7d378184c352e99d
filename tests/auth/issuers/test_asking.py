"""An issuer that is asked, and answers as it likes."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_transport.auth.issuers import asking as asking_module
from mcp_transport.auth.issuers.asking import JWKS_BYTES, Asking, IssuerAway
from mcp_transport.auth.issuers.configuration import configured
from tests.issuer import INTROSPECT, JWKS, LocalIssuer


@pytest.fixture
async def asking(issuer: LocalIssuer, settings: Any) -> AsyncIterator[Asking]:
    secret = {"client_id": "the site", "client_secret": "s&cret"}
    settings.MCP_ISSUERS = {issuer.url: {"introspection": secret}}
    asking = Asking(configured()[issuer.url])
    yield asking
    await asking.close()


async def test_metadata_says_where_the_keys_are(issuer: LocalIssuer, asking: Asking) -> None:
    assert await asking.keys() == issuer.published
    assert issuer.asked == [("GET", issuer.metadata_at), ("GET", JWKS)]


async def test_metadata_may_stand_where_openid_has_it(issuer: LocalIssuer, asking: Asking) -> None:
    issuer.metadata_at = "/realms/acme/.well-known/openid-configuration"
    assert await asking.keys() == issuer.published
    assert len(issuer.asked) == 4


async def test_an_address_of_the_settings_needs_no_metadata(
    issuer: LocalIssuer, settings: Any
) -> None:
    settings.MCP_ISSUERS = {issuer.url: {"jwks_url": issuer.origin + JWKS}}
    asking = Asking(configured()[issuer.url])
    assert await asking.keys() == issuer.published
    assert issuer.asked == [("GET", JWKS)]
    await asking.close()


async def test_the_site_says_who_asks_about_a_token(issuer: LocalIssuer, asking: Asking) -> None:
    issuer.known["opaque"] = {"active": True}
    assert await asking.introspect("opaque") == {"active": True}
    assert issuer.asked[-1] == ("POST", INTROSPECT)
    sent = base64.b64decode(issuer.authorizations[-1].removeprefix("Basic "))
    assert sent == b"the%20site:s%26cret"
    assert "s&cret" not in repr(asking.issuer)


@pytest.mark.parametrize(
    "body",
    [b"", b"no", b"[]", b'{"keys": 1}', b"[" * 9000, b'{"a": "' + b"x" * JWKS_BYTES + b'"}', b"\xff"],
    ids=["nothing", "text", "list", "no keys", "deep", "long", "no text"],
)  # fmt: skip
async def test_an_answer_that_is_none_is_no_answer(
    issuer: LocalIssuer, settings: Any, body: bytes
) -> None:
    settings.MCP_ISSUERS = {issuer.url: {"jwks_url": issuer.origin + JWKS}}
    issuer.body = body
    asking = Asking(configured()[issuer.url])
    with pytest.raises(IssuerAway):
        await asking.keys()
    await asking.close()


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 500])
async def test_nothing_but_a_plain_answer_counts(
    issuer: LocalIssuer, asking: Asking, status: int
) -> None:
    issuer.status = status
    with pytest.raises(IssuerAway):
        await asking.keys()
    assert JWKS not in {path for _method, path in issuer.asked}


async def test_metadata_of_another_issuer_is_none(issuer: LocalIssuer, asking: Asking) -> None:
    issuer.metadata["issuer"] = issuer.url + "/"
    with pytest.raises(IssuerAway, match="another issuer"):
        await asking.keys()


@pytest.mark.parametrize(
    "url", [None, "http://keys.example/", "file:///etc/passwd", "https://[", "https://a b/", 1]
)
async def test_keys_are_fetched_only_where_nobody_can_change_them(
    issuer: LocalIssuer, asking: Asking, url: Any
) -> None:
    issuer.metadata["jwks_uri"] = url
    with pytest.raises(IssuerAway, match="jwks_uri"):
        await asking.keys()


async def test_an_issuer_that_takes_its_time_is_away(
    issuer: LocalIssuer, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_module, "PATIENCE", 0.05)
    issuer.may_answer.clear()
    with pytest.raises(IssuerAway):
        await asking.keys()


async def test_an_address_that_only_this_machine_reaches_has_to_be_named(
    issuer: LocalIssuer, settings: Any
) -> None:
    asking = Asking(configured()[issuer.url])
    settings.DEBUG = False
    strict = Asking(asking.issuer)
    with pytest.raises(IssuerAway, match="no public address"):
        await strict.keys()
    assert issuer.asked == []
    await asking.close()
    await strict.close()
