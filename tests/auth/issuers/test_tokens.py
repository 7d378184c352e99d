"""Tokens as an attacker would send them, to a site that takes an issuer's (RFC 8725)."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from mcp_transport.auth.errors import InvalidToken
from mcp_transport.auth.issuers.claims import LEEWAY
from mcp_transport.auth.issuers.configuration import configured
from mcp_transport.auth.issuers.tokens import MAX_LENGTH
from mcp_transport.auth.issuers.verification import Verification
from mcp_transport.testing.clock import Clock
from tests.issuer import JWKS, LocalIssuer, ec, encoded, okp, rsa, signed

HEADER = {"alg": "RS256", "typ": "at+jwt", "kid": "one"}
Forge = Callable[[LocalIssuer], str]


@pytest.fixture
async def verification(issuer: LocalIssuer) -> AsyncIterator[Verification]:
    verification = Verification(configured())
    yield verification
    await verification.close()


def unsigned(issuer: LocalIssuer, **header: Any) -> str:
    return f"{encoded({**HEADER, **header})}.{encoded(issuer.claims())}.{encoded(b'x' * 256)}"


def tampered(issuer: LocalIssuer) -> str:
    header, _, signature = issuer.token().split(".")
    return f"{header}.{encoded(issuer.claims(sub='somebody-else'))}.{signature}"


def with_public_key_as_secret(issuer: LocalIssuer) -> str:
    text = f"{encoded({**HEADER, 'alg': 'HS256'})}.{encoded(issuer.claims())}"
    return (
        f"{text}.{encoded(hmac.digest(rsa('one').as_pem(private=False), text.encode(), 'sha256'))}"
    )


def of_stranger(issuer: LocalIssuer, **header: Any) -> str:
    return signed(issuer.claims(), rsa("stranger"), {**HEADER, **header})


def bringing(name: str, value: Any) -> Forge:
    return lambda issuer: of_stranger(issuer, **{name: value})


def header(**changed: Any) -> Forge:
    return lambda issuer: issuer.token(changed)


def claims(**changed: Any) -> Forge:
    return lambda issuer: issuer.token(**changed)


def relative(**seconds: float) -> Forge:
    def forge(issuer: LocalIssuer) -> str:
        times: Any = {name: int(time.time() + offset) for name, offset in seconds.items()}
        return issuer.token(**times)

    return forge


def raw(claims: bytes) -> Forge:
    return lambda issuer: signed(claims, issuer.key, HEADER)


STRANGER = rsa("stranger").as_dict(private=False)
FORGED: dict[str, Forge] = {
    "no algorithm": lambda issuer: unsigned(issuer, alg="none"),
    "no algorithm, spelt otherwise": lambda issuer: unsigned(issuer, alg="nOnE"),
    "an algorithm that is no text": lambda issuer: unsigned(issuer, alg=["RS256"]),
    "an empty signature": lambda issuer: issuer.token().rpartition(".")[0] + ".",
    "the public key as a shared secret": with_public_key_as_secret,
    "an algorithm that the issuer does not use": header(alg="RS512"),
    "a signature of nothing": unsigned,
    "changed after it was signed": tampered,
    "a stranger's key under the issuer's id": of_stranger,
    "a stranger's key under its own id": lambda issuer: of_stranger(issuer, kid="stranger"),
    "a key that it brings along": bringing("jwk", STRANGER),
    "the address of its key": bringing("jku", "https://evil.example/keys"),
    "the address of its certificate": bringing("x5u", "https://evil.example/cert"),
    "the same, of the issuer's signature": header(jku="https://evil.example/keys"),
    "a certificate that it brings along": bringing("x5c", ["MIIB"]),
    "an extension that has to be understood": header(crit=["exp"], exp=1),
    "a payload that is not encoded": lambda issuer: unsigned(issuer, b64=False, crit=["b64"]),
    "a path as the id of its key": header(kid="../../../../dev/null"),
    "a query as the id of its key": header(kid="one' OR '1'='1"),
    "an id that is no text": header(kid=["one"]),
    "an endless id": header(kid="x" * 300),
    "an ID token by its type": header(typ="JWT"),
    "no type": header(typ=""),
    "another type": header(typ="logout+jwt"),
    "a type that is no text": lambda issuer: unsigned(issuer, typ=1),
    "expired": relative(exp=-60),
    "without an end": claims(exp=None),
    "an end that is a text": claims(exp="99999999999"),
    "an end that is a yes": claims(exp=True),
    "an end beyond all numbers": lambda issuer: raw(
        json.dumps(issuer.claims(exp=7)).replace('"exp": 7', '"exp": 1e999').encode()
    )(issuer),
    "not valid yet": relative(nbf=300),
    "issued in the future": relative(iat=300),
    "for nobody": claims(sub=None),
    "for an empty name": claims(sub=""),
    "for a number": claims(sub=1),
    "for an endless name": claims(sub="x" * 256),
    "for no audience": claims(aud=None),
    "for an audience that is none": claims(aud={"https://example.com/mcp/main": 1}),
    "for another site": claims(aud="https://other.example/mcp/main"),
    "a list": raw(b"[1]"),
    "no JSON": raw(b"{"),
    "deeper than anything is": raw(b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}"),
    "by what kind it says to be": claims(typ="Refresh"),
    "by what use it says to have": claims(token_use="id"),
    "bound to a key of its client": claims(
        cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}
    ),
    "longer than tokens are": claims(filler="x" * MAX_LENGTH),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
async def test_a_forged_token_lets_nobody_in(
    issuer: LocalIssuer, verification: Verification, forge: Forge
) -> None:
    token = forge(issuer)
    try:
        assert await verification.account(token) is None
    except InvalidToken as refusal:
        assert token not in str(refusal)
    # Whatever stands in a token, nobody but the issuer is asked.
    assert {path for _method, path in issuer.asked} <= {issuer.metadata_at, JWKS}


async def test_an_ordinary_token_presents_its_account(
    issuer: LocalIssuer, verification: Verification
) -> None:
    account = await verification.account(issuer.token())
    assert account is not None
    assert (account.issuer.url, account.subject) == (issuer.url, "subject-1")
    assert (account.client, *account.slugs) == ("client-1", "main")
    assert account.scopes == frozenset({"tools"})
    assert "subject-1" not in repr(account.claims) or "claims" not in repr(account)


async def test_clocks_may_differ_a_little(
    issuer: LocalIssuer, verification: Verification, mcp_clock: Clock
) -> None:
    now = int(time.time())
    token = issuer.token(exp=now, nbf=now + 29)
    assert await verification.account(token)
    mcp_clock.advance(LEEWAY + 1)
    with pytest.raises(InvalidToken):
        await verification.account(token)


@pytest.mark.parametrize("typ", ["AT+JWT", "application/at+jwt"])
async def test_the_type_may_be_written_in_full(
    issuer: LocalIssuer, verification: Verification, typ: str
) -> None:
    assert await verification.account(issuer.token({"typ": typ}))


async def test_keys_of_other_kinds_are_taken_where_the_issuer_uses_them(
    issuer: LocalIssuer, settings: Any
) -> None:
    settings.MCP_ISSUERS = {issuer.url: {"algorithms": ["ES256", "Ed25519"]}}
    keys: dict[str, Any] = {"ES256": ec("two"), "Ed25519": okp("three")}
    issuer.published = [key.as_dict(private=False) for key in keys.values()]
    verification = Verification(configured())
    for algorithm, key in keys.items():
        token = signed(issuer.claims(), key, {**HEADER, "alg": algorithm, "kid": key.kid})
        assert await verification.account(token)
        mixed = signed(issuer.claims(), key, {**HEADER, "alg": algorithm, "kid": "other"})
        with pytest.raises(InvalidToken):
            await verification.account(mixed)
    await verification.close()


@pytest.mark.parametrize(
    ("changed", "is_good"),
    [
        ({}, True),
        ({"scope": None, "client_id": None, "scp": "tools"}, True),
        ({"scope": None, "client_id": None}, False),
        ({"nonce": "n"}, False),
        ({"at_hash": "h"}, False),
        ({"events": {}}, False),
        ({"typ": "ID"}, False),
        ({"typ": "Bearer"}, True),
    ],
)
async def test_where_access_tokens_do_not_say_what_they_are_id_tokens_are_told_by_their_claims(
    issuer: LocalIssuer, settings: Any, changed: dict[str, Any], is_good: bool
) -> None:
    settings.MCP_ISSUERS = {issuer.url: {"types": ["JWT"]}}
    verification = Verification(configured())
    try:
        account = await verification.account(issuer.token({"typ": "JWT"}, **changed))
        assert (account is not None) is is_good
    except InvalidToken:
        assert not is_good
    finally:
        await verification.close()
