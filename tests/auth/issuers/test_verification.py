"""Tokens that only their issuer can tell about."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_transport.auth.errors import AuthenticationUnavailable, InvalidToken
from mcp_transport.auth.issuers import asking
from mcp_transport.auth.issuers.configuration import configured
from mcp_transport.auth.issuers.verification import Verification
from tests.issuer import INTROSPECT, JWKS, LocalIssuer

OPAQUE = "opaque-8f14e45fceea167a"
ASKING = {"introspection": {"client_id": "site", "client_secret": "the site's secret"}}


@pytest.fixture
async def verification(issuer: LocalIssuer, settings: Any) -> AsyncIterator[Verification]:
    settings.MCP_ISSUERS = {issuer.url: ASKING}
    verification = Verification(configured())
    yield verification
    await verification.close()


async def test_an_issuer_is_asked_about_a_token_that_tells_nothing(
    issuer: LocalIssuer, verification: Verification
) -> None:
    issuer.known[OPAQUE] = issuer.claims(active=True)
    account = await verification.account(OPAQUE)
    assert account is not None
    assert (account.subject, *account.slugs, *account.scopes) == ("subject-1", "main", "tools")


@pytest.mark.parametrize("active", [False, None, "true", 1])
async def test_a_token_that_is_not_active_is_nobodys(
    issuer: LocalIssuer, verification: Verification, active: Any
) -> None:
    issuer.known[OPAQUE] = issuer.claims(active=active)
    assert await verification.account(OPAQUE) is None
    assert issuer.count(INTROSPECT) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": None},
        {"aud": "https://example.com"},
        {"sub": None},
        {"exp": None},
        {"exp": 1},
        {"iss": "https://other.example"},
        {"typ": "Refresh"},
        {"token_use": "id"},
    ],
)
async def test_what_an_issuer_tells_has_to_be_whole(
    issuer: LocalIssuer, verification: Verification, changed: dict[str, Any]
) -> None:
    issuer.known[OPAQUE] = issuer.claims(active=True, **changed)
    with pytest.raises(InvalidToken):
        await verification.account(OPAQUE)


async def test_an_issuer_need_not_name_itself(
    issuer: LocalIssuer, verification: Verification
) -> None:
    issuer.known[OPAQUE] = issuer.claims(active=True, iss=None)
    assert await verification.account(OPAQUE)


async def test_a_signed_token_of_an_issuer_that_is_asked_is_asked_about(
    issuer: LocalIssuer, verification: Verification
) -> None:
    token = issuer.token()
    assert await verification.account(token) is None  # revoked, whatever its signature says
    issuer.known[token] = issuer.claims(active=True)
    assert await verification.account(token)
    assert issuer.count(JWKS) == 0


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 500, 503])
async def test_an_issuer_that_does_not_tell_makes_nobody_unknown(
    issuer: LocalIssuer, verification: Verification, status: int
) -> None:
    await verification.account(OPAQUE)  # its metadata is known
    issuer.status = status
    with pytest.raises(AuthenticationUnavailable):
        await verification.account(OPAQUE)


async def test_a_slow_issuer_is_not_waited_for_longer_than_that(
    issuer: LocalIssuer, verification: Verification, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.05)
    issuer.may_answer.clear()
    with pytest.raises(AuthenticationUnavailable):
        await verification.account(OPAQUE)


async def test_of_two_issuers_the_one_that_knows_it_decides(
    issuer: LocalIssuer, settings: Any
) -> None:
    with LocalIssuer("") as other:
        settings.MCP_ISSUERS = {other.url: ASKING, issuer.url: ASKING}
        verification = Verification(configured())
        issuer.known[OPAQUE] = issuer.claims(active=True)
        other.status = 404
        account = await verification.account(OPAQUE)
        assert account is not None and account.issuer.url == issuer.url
        with pytest.raises(AuthenticationUnavailable):  # the other one might know it
            await verification.account("another")
        await verification.close()


async def test_a_token_of_no_issuer_is_sent_nowhere(issuer: LocalIssuer, settings: Any) -> None:
    with LocalIssuer("/other") as other:
        settings.MCP_ISSUERS = {issuer.url: ASKING}
        verification = Verification(configured())
        assert await verification.account(other.token()) is None
        assert other.asked == issuer.asked == []
        await verification.close()


async def test_no_secret_is_in_a_log(
    issuer: LocalIssuer, verification: Verification, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    issuer.known[OPAQUE] = issuer.claims(active=True, aud="elsewhere")
    with pytest.raises(InvalidToken):
        await verification.account(OPAQUE)
    issuer.status = 401
    with pytest.raises(AuthenticationUnavailable):
        await verification.account(OPAQUE)
    text = "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "it is for no server of this site" in text
    assert "answers with 401" in text
    assert OPAQUE not in text and "the site's secret" not in text
