"""
The request headers that repeat the body, and whether they agree with it.

Pure: no I/O, no Django. Header names arrive in lower case, values as the raw
bytes of one line. Specification 2026-07-28, basic/transports/streamable-http,
Request Metadata; the sections that are named below are of that page.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import HeaderMismatch
from mcp_transport.protocol.shortening import shown

PROTOCOL_VERSION: Final = b"mcp-protocol-version"
METHOD: Final = b"mcp-method"
NAME: Final = b"mcp-name"
SESSION_ID: Final = b"mcp-session-id"
LAST_EVENT_ID: Final = b"last-event-id"
PARAMETER_PREFIX: Final = b"mcp-param-"
ROUTING: Final = frozenset({PROTOCOL_VERSION, METHOD, NAME})

_PLAIN = re.compile(rb"[\x20-\x7e\t]*")
_SAFE_INTEGER: Final = 2**53 - 1  # Schema Extension: what JavaScript holds exactly
_DECIMAL = re.compile(r"-?[0-9]{1,17}(?:\.0{1,17})?")


def decode_value(raw: bytes, name: str) -> str:
    """
    A header's value with its base64 form taken apart (Value Encoding).

    Raises HeaderMismatch for bytes that a header cannot hold and for base64
    that is none; without both markers the value stands for itself.
    """
    text = _plain(raw, name)
    if not (text.startswith("=?base64?") and text.endswith("?=") and len(text) >= 11):
        return text
    try:
        return base64.b64decode(text[9:-2], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise HeaderMismatch(f"{name} is marked as base64 of UTF-8 and is not.") from None


def _plain(raw: bytes, name: str) -> str:
    raw = raw.strip(b" \t")
    if not _PLAIN.fullmatch(raw):
        raise HeaderMismatch(f"The {name} header holds bytes that are not visible ASCII.")
    return raw.decode("ascii")


def encode_value(text: str) -> str:
    """Write a value as a header can hold it (Value Encoding): base64 where it must be."""
    is_plain = _PLAIN.fullmatch(text.encode()) is not None and text.strip(" \t") == text
    if is_plain and not text.startswith("=?base64?"):
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def encode_argument(value: Any) -> str:
    """Write an argument as ``Mcp-Param-*`` repeats it (Value Encoding)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return encode_value(value if isinstance(value, str) else jsonrpc.encode(value).decode())


def read_version(headers: Mapping[bytes, bytes]) -> str | None:
    """The MCP-Protocol-Version header, if there is one."""
    raw = headers.get(PROTOCOL_VERSION)
    return None if raw is None else raw.strip(b" \t").decode("latin-1")


def require_equal(headers: Mapping[bytes, bytes], key: bytes, expected: str, name: str) -> None:
    """Raises HeaderMismatch unless the header is there and equals the body's value."""
    raw = headers.get(key)
    if raw is None:
        raise HeaderMismatch(f"The {name} header is missing; it must be {shown(expected)}.")
    if raw == expected.encode() and raw.isascii() and expected.isprintable() and raw[:2] != b"=?":
        return  # what nearly every request is
    found = decode_value(raw, name) if key == NAME else _plain(raw, name)
    if found != expected:
        raise HeaderMismatch(f"The {name} header says {shown(found)}, the body {shown(expected)}.")


def refuse_duplicates(duplicates: Collection[bytes]) -> None:
    """
    Raises HeaderMismatch when a header that routes stands twice.

    A proxy may have read the one and this the other.
    """
    for key in sorted(duplicates):
        if key in ROUTING or key.startswith(PARAMETER_PREFIX):
            raise HeaderMismatch(
                f"The header {shown(key.decode('latin-1'))} stands more than once."
            )


def require_parameter(headers: Mapping[bytes, bytes], header: str, value: Any) -> None:
    """
    Raises HeaderMismatch unless ``Mcp-Param-<header>`` repeats an argument.

    An argument that is absent or null is not repeated (Server Behavior for
    Custom Headers), so a header without it routes by something that the body
    does not say. Integers are compared as numbers: 42.0 is 42 (Server
    Validation).
    """
    name = f"Mcp-Param-{header}"
    raw = headers.get(name.lower().encode())
    if value is None and raw is None:
        return
    if raw is None:
        raise HeaderMismatch(f"The {name} header is missing; it repeats an argument of the call.")
    found = decode_value(raw, name)
    if not _repeats(found, value):
        raise HeaderMismatch(f"The {name} header says {shown(found)}, which the body does not.")


def _repeats(found: str, value: Any) -> bool:
    if isinstance(value, bool):
        return found == ("true" if value else "false")
    if isinstance(value, (int, float)):
        if abs(value) > _SAFE_INTEGER or value != int(value):
            return False
        return bool(_DECIMAL.fullmatch(found)) and int(found.partition(".")[0]) == int(value)
    return isinstance(value, str) and found == value
