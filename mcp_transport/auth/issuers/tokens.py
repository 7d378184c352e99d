"""
Tokens that are signed by their issuer (RFC 7519, RFC 9068, RFC 8725).

Nothing that stands in a token is followed: keys are those that the issuer publishes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key

from mcp_transport.auth.issuers.claims import Unfit
from mcp_transport.auth.issuers.configuration import Issuer, plain_type

MAX_LENGTH = 8 * 1024
SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
LONGEST_KEY_ID = 200
#: Of a header: extensions that have to be understood, and keys that the sender brings along.
REFUSED = ("crit", "jku", "jwk", "x5u", "b64", "zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedToken:
    """A token whose signature nobody has looked at yet."""

    text: str = field(repr=False)
    header: Mapping[str, Any]
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def algorithm(self) -> str:
        """How it says to be signed."""
        return str(self.header["alg"])

    @property
    def typ(self) -> str:
        """What it says to be; a JWT without saying so."""
        return plain_type(str(self.header.get("typ", "JWT")))

    @property
    def key_id(self) -> str | None:
        """By which key it says to be signed."""
        return self.header.get("kid")


def is_signed(text: str) -> bool:
    """Whether a token has the form of a signed one."""
    return SHAPE.fullmatch(text) is not None


def parse(text: str) -> SignedToken:
    """Read a token of that form, and believe nothing of it. Raises Unfit."""
    header, claims, _signature = text.split(".")
    return SignedToken(text=text, header=_members(header), claims=_members(claims))


def check_header(token: SignedToken, issuer: Issuer) -> None:
    """Refuse a token before its signature is looked at. Raises Unfit."""
    header = token.header
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
        raise Unfit("its algorithm is none of the issuer's (alg)")
    if found := next((name for name in REFUSED if name in header), ""):
        raise Unfit(f"its header has {found!r}, which is not followed")
    if not isinstance(header.get("typ", "JWT"), str) or token.typ not in issuer.types:
        raise Unfit(f'its typ is none of {", ".join(sorted(issuer.types))} ("types" of the issuer)')
    key_id = header.get("kid")
    if key_id is not None and not (isinstance(key_id, str) and 0 < len(key_id) <= LONGEST_KEY_ID):
        raise Unfit("its kid is none")


def check_signature(token: SignedToken, key: Key) -> None:
    """Raises Unfit for a token that was not signed with the key."""
    try:
        jws.deserialize_compact(token.text, key, registry=_registry(token.algorithm))
    except (JoseError, ValueError, TypeError):
        raise Unfit("its signature is not the issuer's") from None


def _registry(algorithm: str) -> jws.JWSRegistry:
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = MAX_LENGTH
    return registry


def _members(part: str) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unfit("it is no token: a part of it cannot be read") from None
    if not isinstance(found, dict):
        raise Unfit("it is no token: a part of it is no object")
    return found
