"""
What the value of a token looks like.

Pure. ``mcp_``, 256 random bits as 43 characters, and six characters of CRC-32,
so that a scanner recognises a leaked token without asking and a mistyped one
is refused without a query.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from zlib import crc32

PREFIX = "mcp_"
RANDOM_LENGTH = 43
CHECKSUM_LENGTH = 6
HINT_LENGTH = 8
LENGTH = len(PREFIX) + RANDOM_LENGTH + CHECKSUM_LENGTH
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def new_value() -> str:
    """Give a value that nobody has."""
    body = PREFIX + secrets.token_urlsafe(32)
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC-32 of the value before it, in base 62."""
    rest = crc32(body.encode())
    digits = []
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def is_well_formed(value: str) -> bool:
    """Whether a value could have been issued: its length, prefix and checksum."""
    if len(value) != LENGTH or not value.startswith(PREFIX) or not value.isascii():
        return False
    return checksum(value[:-CHECKSUM_LENGTH]) == value[-CHECKSUM_LENGTH:]


def digest(value: str) -> str:
    """
    What is stored of a value.

    One round of SHA-256: the value has 256 random bits, so there is nothing
    that a slow hash would protect from guessing.
    """
    return hashlib.sha256(value.encode()).hexdigest()
