"""
Which era a message belongs to, and whether its envelope holds.

Pure: no I/O, no Django. The body decides and the headers are checked against
it, so that what was routed by a header is what is executed:

    1. a body whose ``_meta`` names a protocol version is modern;
    2. ``initialize`` is legacy;
    3. a version header that names a modern revision without the metadata is a
       malformed modern request, never served as legacy;
    4. a legacy or absent version header is legacy;
    5. any other version header is refused.

Specification 2026-07-28, basic/versioning, Backward Compatibility with
Initialization-Based Versions, and basic/index, _meta; what is refused for its
headers stands in basic/transports/streamable-http, Server Validation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from mcp_transport.protocol import headers as http_headers
from mcp_transport.protocol.errors import (
    HeaderMismatch,
    InvalidParams,
    InvalidRequest,
    UnsupportedRevision,
)
from mcp_transport.protocol.jsonrpc import Notification, Request
from mcp_transport.protocol.log_levels import LogLevel, read_level
from mcp_transport.protocol.methods import MODERN
from mcp_transport.protocol.revisions import REVISIONS, SUPPORTED, Revision
from mcp_transport.protocol.shortening import shown

PROTOCOL_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
CLIENT_CAPABILITIES: Final = "io.modelcontextprotocol/clientCapabilities"
CLIENT_INFO: Final = "io.modelcontextprotocol/clientInfo"
LOG_LEVEL: Final = "io.modelcontextprotocol/logLevel"
SERVER_INFO: Final = "io.modelcontextprotocol/serverInfo"

_NO_INFO: Final[dict[str, Any]] = {}


class Envelope(msgspec.Struct, frozen=True):
    """What a modern request says of its client."""

    revision: Revision
    capabilities: dict[str, Any]
    client_info: dict[str, Any]
    log_level: LogLevel | None
    meta: dict[str, Any]


def claims_modern(body: Any) -> bool:
    """Whether a decoded message says by itself that it is served without a session."""
    params = body.get("params") if type(body) is dict else None
    meta = params.get("_meta") if type(params) is dict else None
    return type(meta) is dict and PROTOCOL_VERSION in meta


def is_modern(message: Request | Notification, version: str | None) -> bool:
    """
    Whether a message is served without a session.

    Raises InvalidParams for a modern header without the metadata, and
    InvalidRequest for a version that is none.
    """
    meta = message.params.get("_meta")
    if type(meta) is dict and PROTOCOL_VERSION in meta:
        return True
    if message.method == "initialize" or version is None:
        return False
    named = named_revision(version)
    if named.is_modern and isinstance(message, Request):
        raise InvalidParams(
            f"A request at {version} needs params._meta with {PROTOCOL_VERSION} and {CLIENT_CAPABILITIES}.",
            status=400,
        )
    return named.is_modern


def named_revision(version: str) -> Revision:
    """
    The revision that a version header names.

    Raises InvalidRequest when there is none, with status 400 (2025-11-25,
    basic/transports, Protocol Version Header).
    """
    named = REVISIONS.get(version)
    if named is None:
        # Not UnsupportedRevision: that would tell a client that there is no handshake here.
        raise InvalidRequest(
            f"MCP-Protocol-Version {shown(version)} is not served; use one of {', '.join(SUPPORTED)}."
        )
    return named


def open_envelope(
    request: Request,
    headers: Mapping[bytes, bytes] | None,
    duplicates: Collection[bytes] = (),
    *,
    served: Sequence[str] = SUPPORTED,
) -> Envelope:
    """
    What a modern request says of its client, checked rung by rung.

    Metadata that is missing is answered with -32602 and status 400 before
    anything is compared with it (2026-07-28, basic/index, _meta).
    ``headers`` is None on transports that have no headers for each message.
    Raises InvalidParams, HeaderMismatch or UnsupportedRevision.
    """
    meta = request.params["_meta"]
    version = meta[PROTOCOL_VERSION]
    capabilities = meta.get(CLIENT_CAPABILITIES)
    if type(version) is not str or type(capabilities) is not dict:
        raise InvalidParams(
            f"params._meta needs {PROTOCOL_VERSION}, a string, and {CLIENT_CAPABILITIES}, an object.",
            status=400,
        )
    if headers is not None:
        check_headers(request, version, headers, duplicates)
    revision = REVISIONS.get(version)
    if revision is None or not revision.is_modern or version not in served:
        # A revision with a handshake is served, but not without one.
        is_early = revision is not None and not revision.is_modern and version in served
        raise UnsupportedRevision(version, served, needs_handshake=is_early)
    info = meta.get(CLIENT_INFO)
    return Envelope(
        revision,
        capabilities,
        info if type(info) is dict else _NO_INFO,
        read_level(meta.get(LOG_LEVEL)),
        meta,
    )


def check_headers(
    request: Request, version: str, headers: Mapping[bytes, bytes], duplicates: Collection[bytes]
) -> None:
    """
    Raises HeaderMismatch unless the routing headers repeat the body.

    A proxy that routed by them has seen what is executed (2026-07-28,
    basic/transports/streamable-http, Server Validation).
    """
    if duplicates:
        http_headers.refuse_duplicates(duplicates)
    http_headers.require_equal(
        headers, http_headers.PROTOCOL_VERSION, version, "MCP-Protocol-Version"
    )
    http_headers.require_equal(headers, http_headers.METHOD, request.method, "Mcp-Method")
    method = MODERN.get(request.method)
    if method is None or method.named_by is None:
        return
    name = request.params.get(method.named_by)
    if type(name) is str:
        http_headers.require_equal(headers, http_headers.NAME, name, "Mcp-Name")
    elif http_headers.NAME in headers:
        raise HeaderMismatch(
            f"Mcp-Name repeats params.{method.named_by}, which is missing or no string."
        )
