"""
Ways past an ASGI server's ``send``.

``send`` costs a message and a coroutine for each piece of an answer. A server may
offer an extension of ASGI instead: ``scope["extensions"]["mcp_transport.direct"]``
has two functions. Where they cannot tell whose ``send`` they are given they do
nothing: a middleware that wraps ``send`` is never passed by.

``"answer"`` takes the ``send`` of a request that nothing was sent for, a status,
headers and a body, and tells whether they are on their way; with False they are
left to ``send``. Names of headers are in small letters, values without line
breaks, and one of them is the length of the body, if it has one.

``"find"`` takes the ``send`` of an answer that goes on, and returns a Direct, or
None. It may be used until the last piece is sent, and takes a piece of the body or
the text of a frame, none of them empty. Such a server lets go of a client that
reads nothing by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a server's worker processes load this before Django is ready
    from mcp_transport.engine.incoming import Direct

EXTENSION = "mcp_transport.direct"
ANSWER = "answer"
FIND = "find"

Headers = Sequence[tuple[bytes, bytes]]


def answered(
    scope: Mapping[str, Any], send: Any, status: int, headers: Headers, body: bytes
) -> bool:
    """Answer a request at once, if the server has a way to; whether it had."""
    extension = (scope.get("extensions") or {}).get(EXTENSION)
    return extension is not None and bool(extension[ANSWER](send, status, headers, body))


def direct(scope: Mapping[str, Any], send: Any) -> Direct | None:
    """What writes to the client of an answer that goes on, if the server has such."""
    extension = (scope.get("extensions") or {}).get(EXTENSION)
    found: Direct | None = None if extension is None else extension[FIND](send)
    return found
