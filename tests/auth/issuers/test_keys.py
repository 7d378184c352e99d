"""Keys of an issuer that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_transport.auth.issuers.asking import Asking, IssuerAway
from mcp_transport.auth.issuers.configuration import configured
from mcp_transport.auth.issuers.keys import (
    APART,
    APART_WHEN_AWAY,
    GOOD_FOR,
    REFRESH_AFTER,
    Keys,
    UnknownKey,
    usable,
)
from tests.issuer import JWKS, LocalIssuer, ec, rsa


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(issuer: LocalIssuer, clock: Clock) -> AsyncIterator[Keys]:
    keys = Keys(Asking(configured()[issuer.url]), clock)
    yield keys
    await keys.close()


def publish(issuer: LocalIssuer, *names: str) -> None:
    issuer.published = [rsa(name).as_dict(private=False) for name in names]


async def test_keys_are_fetched_once_for_all_who_wait(issuer: LocalIssuer, keys: Keys) -> None:
    found = await asyncio.gather(*(keys.find("one", "RS256") for _ in range(5)))
    assert {key.kid for key in found} == {"one"}
    assert issuer.count(JWKS) == 1


async def test_a_new_key_is_found_and_an_old_one_forgotten(
    issuer: LocalIssuer, keys: Keys, clock: Clock
) -> None:
    await keys.find("one", "RS256")
    publish(issuer, "two")
    clock.now += APART
    assert (await keys.find("two", "RS256")).kid == "two"
    with pytest.raises(UnknownKey):
        await keys.find("one", "RS256")


async def test_nobody_makes_the_site_ask_again_and_again(
    issuer: LocalIssuer, keys: Keys, clock: Clock
) -> None:
    for number in range(20):
        with pytest.raises(UnknownKey):
            await keys.find(f"guess-{number}", "RS256")
        clock.now += 1
    assert issuer.count(JWKS) == 1
    clock.now += APART
    with pytest.raises(UnknownKey):
        await keys.find("guess", "RS256")
    assert issuer.count(JWKS) == 2


async def test_old_keys_are_looked_at_again_while_they_are_used(
    issuer: LocalIssuer, keys: Keys, clock: Clock
) -> None:
    await keys.find("one", "RS256")
    issuer.may_answer.clear()
    clock.now += REFRESH_AFTER
    assert (await keys.find("one", "RS256")).kid == "one"  # nobody waits
    publish(issuer, "two")
    issuer.may_answer.set()
    assert keys._fetching is not None
    await asyncio.wait_for(asyncio.shield(keys._fetching), 30)
    with pytest.raises(UnknownKey):
        await keys.find("one", "RS256")


async def test_an_issuer_that_is_away_is_not_taken_at_its_word_for_ever(
    issuer: LocalIssuer, keys: Keys, clock: Clock
) -> None:
    await keys.find("one", "RS256")
    issuer.status = 500
    clock.now += GOOD_FOR - 1
    assert (await keys.find("one", "RS256")).kid == "one"
    clock.now += 1 + APART_WHEN_AWAY
    with pytest.raises(IssuerAway):
        await keys.find("one", "RS256")
    issuer.status = 200
    clock.now += APART_WHEN_AWAY
    assert (await keys.find("one", "RS256")).kid == "one"


async def test_while_an_issuer_is_away_an_unknown_key_may_be_its_new_one(
    issuer: LocalIssuer, keys: Keys, clock: Clock
) -> None:
    await keys.find("one", "RS256")
    issuer.status = 503
    clock.now += APART
    for _ in range(3):
        with pytest.raises(IssuerAway):
            await keys.find("two", "RS256")
    assert (await keys.find("one", "RS256")).kid == "one"


async def test_without_an_id_it_has_to_be_clear_which_key_is_meant(
    issuer: LocalIssuer, keys: Keys, clock: Clock
) -> None:
    assert (await keys.find(None, "RS256")).kid == "one"
    publish(issuer, "one", "two")
    clock.now += REFRESH_AFTER
    await keys.find("one", "RS256")
    assert keys._fetching is not None
    await asyncio.wait_for(asyncio.shield(keys._fetching), 30)
    with pytest.raises(UnknownKey):
        await keys.find(None, "RS256")


@pytest.mark.parametrize(
    "published",
    [
        "nonsense",
        {"kty": "oct", "k": "c2VjcmV0", "kid": "a"},
        {"kty": "AKP", "kid": "a"},
        {"kty": "RSA", "kid": "a"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "a"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "a"},
        {**ec("two").as_dict(private=False), "use": "enc"},
        {**ec("two").as_dict(private=False), "key_ops": ["encrypt"]},
        {**ec("two").as_dict(private=False), "key_ops": 1},
        ec("two").as_dict(private=True),
    ],
)
def test_what_no_token_can_be_checked_with_is_passed_over(published: Any) -> None:
    assert list(usable([published])) == []
    assert len(list(usable([published, rsa("one").as_dict(private=False)]))) == 1
