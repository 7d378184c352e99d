"""What goes with an HTTP status that refuses."""

from __future__ import annotations

from mcp_transport.auth.errors import AuthenticationError
from mcp_transport.auth.permissions import challenge
from mcp_transport.protocol.errors import ProtocolError, Refused
from mcp_transport.transports.security import Headers


def refusal_headers(error: ProtocolError, url: str) -> Headers:
    """The headers of a refusal; one for want of credentials says which the address takes."""
    headers: Headers = ()
    if isinstance(error, Refused):
        pairs = error.headers.items()
        headers = tuple((name.lower().encode(), value.encode()) for name, value in pairs)
    if isinstance(error, AuthenticationError) and error.status in (401, 403):
        headers += ((b"www-authenticate", challenge(url, error.error, error.scope).encode()),)
    return headers
