"""Tests of mcp_transport.auth.authenticators."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pytest_django import Settings

from mcp_transport.auth.authenticators import Authenticator, AuthenticatorChain
from mcp_transport.auth.errors import InvalidToken
from mcp_transport.auth.principal import ANONYMOUS, OPERATOR, Principal


class Knows(Authenticator):
    """Knows the credential it was made with."""

    def __init__(self, credential: bytes = b"Bearer good") -> None:
        self.credential = credential
        self.log: list[str] = []

    async def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        return OPERATOR if headers.get(b"authorization") == self.credential else None

    def recall(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        is_known = b"x-remembered" in headers
        return OPERATOR if is_known else super().recall(headers)

    def forget(self) -> None:
        self.log.append("forgotten")
        super().forget()

    async def close(self) -> None:
        self.log.append("closed")
        await super().close()


async def test_without_credentials_nobody_in_particular_asks() -> None:
    assert await AuthenticatorChain([Knows()]).authenticate({}) is ANONYMOUS


async def test_the_first_that_knows_the_credential_decides() -> None:
    chain = AuthenticatorChain([Knows(b"Bearer other"), Knows()])
    assert await chain.authenticate({b"authorization": b"Bearer good"}) is OPERATOR


class Forgetful(Knows):
    """Has to be asked anew each time."""

    def recall(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        return None


class Elsewhere(Forgetful):
    """Can tell at once that these credentials are none of its kind."""

    def ignores(self, headers: Mapping[bytes, bytes]) -> bool:
        return b"x-elsewhere" not in headers


def test_somebody_is_recalled_only_if_those_before_have_no_say() -> None:
    headers = {b"x-remembered": b"1"}
    chain = AuthenticatorChain([Elsewhere(), AuthenticatorChain([Elsewhere()]), Knows()])
    assert chain.recall(headers) is OPERATOR
    assert chain.recall({**headers, b"x-elsewhere": b"1"}) is None
    assert not chain.ignores(headers)
    assert AuthenticatorChain([Elsewhere()]).recall(headers) is None


def test_who_cannot_tell_is_asked_before_those_after_are_recalled_by() -> None:
    headers = {b"x-remembered": b"1"}
    assert AuthenticatorChain([Knows(), Forgetful()]).recall(headers) is OPERATOR
    assert AuthenticatorChain([Forgetful(), Knows()]).recall(headers) is None
    assert AuthenticatorChain([Knows()]).recall({}) is None
    assert AuthenticatorChain([]).recall(headers) is None


async def test_a_bearer_token_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidToken):
        await AuthenticatorChain([Knows()]).authenticate({b"authorization": b"bearer bad"})


async def test_credentials_of_another_scheme_are_for_somebody_else() -> None:
    headers = {b"authorization": b"Basic YTpi"}  # of a proxy before the site
    assert await AuthenticatorChain([Knows()]).authenticate(headers) is ANONYMOUS


async def test_every_member_forgets_and_closes() -> None:
    members = [Knows(), Knows()]
    chain = AuthenticatorChain(members)
    chain.forget()
    await chain.close()
    assert [member.log for member in members] == [["forgotten", "closed"]] * 2


async def test_the_settings_name_the_members(settings: Settings) -> None:
    settings.MCP_AUTHENTICATORS = [f"{__name__}.Knows"]
    chain = AuthenticatorChain.from_settings()
    assert await chain.authenticate({b"authorization": b"Bearer good"}) is OPERATOR
