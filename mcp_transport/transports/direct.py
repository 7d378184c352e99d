"""
A way past an ASGI server's ``send``, for what is told to many at once.

``send`` costs a message and a coroutine for each piece of a body. A server may
offer an extension of ASGI instead: ``scope["extensions"]["mcp_transport.direct"]``
has under ``"find"`` a function. Given the ``send`` of an answer that goes on, it
returns what writes to that client then and there, or None where it cannot tell
whose ``send`` it is: a middleware that wraps ``send`` is never passed by.

What is found takes bytes, a piece of the body or the text of a frame, none of
them empty, and tells whether they are on their way. With False they are left to
``send``: the client does not read at the moment, or has left. It may be used
until the last piece is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

EXTENSION = "mcp_transport.direct"
FIND = "find"

Direct = Callable[[bytes], bool]


def direct(scope: Mapping[str, Any], send: Any) -> Direct | None:
    """What writes to the client of an answer that goes on, if the server has such."""
    extension = (scope.get("extensions") or {}).get(EXTENSION)
    found: Direct | None = None if extension is None else extension[FIND](send)
    return found
