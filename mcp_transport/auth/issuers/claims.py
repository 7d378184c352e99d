"""
What an issuer says of a token, held against what this site asks for.

Pure: who has signed it, or that the issuer was asked, is known already.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_transport.auth.issuers.configuration import ACCESS_TOKEN, Issuer
from mcp_transport.auth.resources import slug_of

LEEWAY = 30.0  # seconds by which two clocks may differ
LONGEST_SUBJECT = 255  # characters (OpenID Connect Core, section 2)
# Keycloak and Cognito say in a claim what kind of a token it is.
OTHER_KINDS = frozenset({"id", "refresh", "offline", "logout"})
#: Of ID and logout tokens (OpenID Connect Core, 3.1.3.6; Back-Channel Logout, 2.4).
FOREIGN = ("nonce", "at_hash", "c_hash", "s_hash", "events")
#: What an access token says and an ID token does not.
PROOFS = ("scope", "scp", "client_id")


class Unfit(Exception):
    """A token is not good here; the text says why, and nothing of the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody whom an issuer knows, as one token presents them."""

    issuer: Issuer
    subject: str
    client: str
    slugs: frozenset[str]  # of the servers that the token is for
    scopes: frozenset[str]
    expires_at: float  # seconds since the epoch, with the leeway
    issued_at: float
    groups: tuple[str, ...] | None = None  # None: the token does not say
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)


def account_of(issuer: Issuer, claims: Mapping[str, Any], *, now: float) -> Account:
    """Whom claims present, and for what. Raises Unfit."""
    if claims.get("iss") != issuer.url:
        raise Unfit("it names another issuer")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or "\0" in subject:
        raise Unfit("it says not for whom it is (sub)")
    if "cnf" in claims:  # RFC 7800: whoever sends it has to show a key, which nobody asks for here
        raise Unfit("it is bound to a key (cnf)")
    expires_at = _time(claims, "exp") + LEEWAY
    if expires_at <= now:
        raise Unfit("it has expired")
    for name in ("nbf", "iat"):
        if name in claims and _time(claims, name) > now + LEEWAY:
            raise Unfit(f"it is of the future ({name})")
    return Account(
        issuer=issuer,
        subject=subject,
        client=_client(claims),
        slugs=_slugs(issuer, claims.get("aud")),
        scopes=issuer.scopes_of(_words(claims.get(issuer.scope_claim))),
        expires_at=expires_at,
        issued_at=_time(claims, "iat") if "iat" in claims else now,
        groups=_groups(issuer, claims),
        claims=claims,
    )


def require_access_token(issuer: Issuer, typ: str, claims: Mapping[str, Any]) -> None:
    """Refuse what an issuer signs for other ends, ID tokens before all. Raises Unfit."""
    for name in ("typ", "token_use"):
        if str(claims.get(name, "")).lower() in OTHER_KINDS:
            raise Unfit(f"it is no access token ({name})")
    if typ == ACCESS_TOKEN:
        return
    if any(name in claims for name in FOREIGN):
        raise Unfit("it is no access token, but an ID token or the like")
    is_of_client = "azp" in claims and issuer.scope_claim in claims
    if not is_of_client and not any(name in claims for name in PROOFS):
        raise Unfit("nothing in it says that it is an access token")


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not 0 <= value < 2**53:  # type: ignore[arg-type, operator]
        raise Unfit(f"its {name} is no time")
    return float(value)  # type: ignore[arg-type]


def _slugs(issuer: Issuer, audience: Any) -> frozenset[str]:
    """The servers that a token is for; it may be for others' besides."""
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise Unfit("it says not for what it is (aud)")
    slugs = (issuer.audiences.get(name) or slug_of(name) for name in named)
    found = frozenset(slug for slug in slugs if slug is not None)
    if not found:
        raise Unfit("it is for no server of this site (aud)")
    return found


def _client(claims: Mapping[str, Any]) -> str:
    """Which client it was issued to: the standard's claim, or those that issuers have instead."""
    names = (claims.get(name) for name in ("client_id", "azp", "appid", "cid"))
    return next((name for name in names if isinstance(name, str) and name), "")


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from value.split()
    elif isinstance(value, list):
        yield from (word for word in value if isinstance(word, str))


def _groups(issuer: Issuer, claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    if not issuer.groups_claim or issuer.groups_claim not in claims:
        return None
    return tuple(_words(claims[issuer.groups_claim]))
