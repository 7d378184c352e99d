"""
What a peer can do wrong, as the specification counts it.

Pure: no I/O, no Django. Each error carries the JSON-RPC code, a message that
names the value, the rule and the remedy, and the HTTP status that goes with
it. The reserved ranges are respected (2026-07-28, basic/index, Error Codes):
between -32000 and -32099 stand only codes of the specification, each for what
it means there and for the revisions that have it.

    ProtocolError
    ├── ParseError                 -32700  400
    ├── InvalidRequest             -32600  400
    ├── MethodNotFound             -32601  404
    ├── InvalidParams              -32602  200, or 400 before dispatch
    ├── InternalError              -32603  200
    ├── ResourceNotFound           -32602, or -32002 up to 2025-11-25
    ├── HeaderMismatch             -32020  400
    ├── MissingClientCapability    -32021  400
    ├── UnsupportedRevision        -32022  400
    └── Refused                    an HTTP refusal: 401 403 404 405 406 409 413 415 429 503
        └── LimitExceeded          429, with the seconds after which to come again
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mcp_transport.protocol.shortening import capped, shortened, shown

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
RESOURCE_NOT_FOUND = -32002  # 2024-11-05 to 2025-11-25 only
HEADER_MISMATCH = -32020
MISSING_REQUIRED_CLIENT_CAPABILITY = -32021
UNSUPPORTED_PROTOCOL_VERSION = -32022

UNEXPECTED = "An unexpected error occurred; the site's log has the details."


class ProtocolError(Exception):
    """A request that cannot be served as it was sent."""

    code: ClassVar[int]
    status: int = 400

    def __init__(self, message: str, *, data: Any = None, status: int | None = None) -> None:
        self.message = capped(message)
        super().__init__(self.message)
        self.data = data
        if status is not None:
            self.status = status

    def as_error(self) -> dict[str, Any]:
        """The ``error`` member of a JSON-RPC response."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return error


class ParseError(ProtocolError):
    """The body is not JSON."""

    code = PARSE_ERROR


class InvalidRequest(ProtocolError):
    """The body is JSON but not a JSON-RPC message that fits here."""

    code = INVALID_REQUEST


class MethodNotFound(ProtocolError):
    """
    The revision has no such method, or the server does not advertise it.

    The status is that of 2026-07-28 (basic/transports/streamable-http, Protocol
    Version Header); a session is answered with 200.
    """

    code = METHOD_NOT_FOUND
    status = 404


class InvalidParams(ProtocolError):
    """The parameters do not fit the method."""

    code = INVALID_PARAMS
    status = 200


class InternalError(ProtocolError):
    """The server failed; the message reveals nothing of how."""

    code = INTERNAL_ERROR
    status = 200

    def __init__(self, message: str = UNEXPECTED, *, data: Any = None) -> None:
        super().__init__(message, data=data)


class ResourceNotFound(InvalidParams):
    """
    No such resource, or none that this principal may read.

    See 2026-07-28, server/resources, Error Handling.
    """

    def __init__(self, uri: str) -> None:
        super().__init__(f"There is no resource {shown(uri)}.", data={"uri": capped(uri)})


class LegacyResourceNotFound(ProtocolError):
    """
    No such resource, as revisions up to 2025-11-25 say it.

    See there, server/resources, Error Handling; later ones forbid the code.
    """

    code = RESOURCE_NOT_FOUND
    status = 200


class HeaderMismatch(ProtocolError):
    """
    A routing header is missing, malformed or differs from the body.

    See 2026-07-28, basic/transports/streamable-http, Server Validation.
    """

    code = HEADER_MISMATCH


class MissingClientCapability(ProtocolError):
    """
    Serving the request needs a capability that it does not declare.

    See 2026-07-28, basic/index, _meta: its data lists what is missing.
    """

    code = MISSING_REQUIRED_CLIENT_CAPABILITY

    def __init__(self, required: Mapping[str, Any]) -> None:
        named = {k: v for k, v in required.items() if k != "extensions"}
        names = ", ".join(sorted({**named, **required.get("extensions", {})}))
        super().__init__(
            f"This needs a client capability that the request does not declare: {names}.",
            data={"requiredCapabilities": dict(required)},
        )


class UnsupportedRevision(ProtocolError):
    """
    The request names a protocol version that is not served.

    See 2026-07-28, basic/versioning, Protocol Version Negotiation: its data
    lists what the client can choose from.
    """

    code = UNSUPPORTED_PROTOCOL_VERSION

    def __init__(
        self, requested: str, supported: Sequence[str], *, needs_handshake: bool = False
    ) -> None:
        why = (
            "begins with initialize; without it use a later one"
            if needs_handshake
            else f"is not served; use one of {', '.join(supported)}"
        )
        super().__init__(
            f"Protocol version {shown(requested)} {why}.",
            data={"supported": list(supported), "requested": shortened(requested)},
        )


class Refused(ProtocolError):
    """A request refused by HTTP's own rules; the code repeats the status."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, status=status)
        self.headers = dict(headers or {})

    def as_error(self) -> dict[str, Any]:
        """The status stands for the code: HTTP has said what is wrong."""
        error: dict[str, Any] = {"code": self.status, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return error


class LimitExceeded(Refused):
    """
    A client asks for more than it may have, and may come again later.

    When is said in a header and, for connections that have none, in the error.
    """

    def __init__(self, message: str, *, retry_after: float) -> None:
        seconds = max(1, math.ceil(retry_after))
        super().__init__(429, message, headers={"Retry-After": str(seconds)})
        self.data = {"retryAfterSeconds": seconds}
