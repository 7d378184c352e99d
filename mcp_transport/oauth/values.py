"""
What the secrets that are handed out look like.

Pure. Each names its kind in its prefix and ends in a checksum, as the site's
other tokens do; only digests are kept. All refresh tokens of one connection
begin with the same secret, so that one that was used before is recognised
without a row for each.
"""

from __future__ import annotations

import secrets

from mcp_transport.models.token_value import CHECKSUM_LENGTH, checksum, digest

CODE, ACCESS, REFRESH = "mcpc_", "mcpa_", "mcpr_"
RANDOM_LENGTH = 43  # of 256 bits
FAMILY_LENGTH = 43


def new_code() -> str:
    """Give an authorization code that nobody has."""
    return _finished(CODE + secrets.token_urlsafe(32))


def new_access_token() -> str:
    """Give an access token that nobody has."""
    return _finished(ACCESS + secrets.token_urlsafe(32))


def new_refresh_token(before: str = "") -> str:
    """Give a refresh token; of the same family as the one before it, if there was one."""
    family = family_of(before) or secrets.token_urlsafe(32)
    return _finished(REFRESH + family + secrets.token_urlsafe(32))


def family_of(refresh_token: str) -> str:
    """What all refresh tokens of a connection have in common; empty for what is none."""
    if not is_well_formed(refresh_token, REFRESH):
        return ""
    return refresh_token[len(REFRESH) : len(REFRESH) + FAMILY_LENGTH]


def family_digest(refresh_token: str) -> str:
    """What is stored of that."""
    return digest(family_of(refresh_token))


def is_well_formed(value: str, prefix: str) -> bool:
    """Whether a value could have been handed out."""
    length = len(prefix) + RANDOM_LENGTH + CHECKSUM_LENGTH
    length += FAMILY_LENGTH if prefix == REFRESH else 0
    if len(value) != length or not value.startswith(prefix) or not value.isascii():
        return False
    return checksum(value[:-CHECKSUM_LENGTH]) == value[-CHECKSUM_LENGTH:]


def _finished(body: str) -> str:
    return body + checksum(body)
