"""How a conversation opens, and what a client learns of a server before it asks more."""

from __future__ import annotations

from typing import Any

from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.incoming import Incoming
from mcp_transport.protocol import capabilities, shaping
from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.jsonrpc import Request
from mcp_transport.protocol.log_levels import read_level
from mcp_transport.protocol.revisions import negotiate


async def discover(exchange: Exchange) -> dict[str, Any]:
    """server/discover (2026-07-28, server/discover): what is served, before more is asked."""
    result: dict[str, Any] = {
        "supportedVersions": list(exchange.incoming.revisions),
        "capabilities": capabilities.of_server(exchange.catalog.features, exchange.revision),
    }
    if exchange.server.instructions:
        result["instructions"] = exchange.server.instructions
    return result


class Handshake:
    """
    What an ``initialize`` request asks for (2025-11-25, basic/lifecycle, Initialization).

    Raises InvalidParams when it is malformed, UnsupportedRevision where no
    revision with a handshake is served.
    """

    def __init__(self, request: Request, served: tuple[str, ...]) -> None:
        params = request.params
        if type(params.get("protocolVersion")) is not str:
            raise InvalidParams("initialize needs params.protocolVersion, a string.")
        self.revision = negotiate(params["protocolVersion"], served)
        self.capabilities = capabilities.known(_object(params, "capabilities"), self.revision)
        self.client_info = capabilities.introduced(_object(params, "clientInfo"))

    @property
    def agreed(self) -> dict[str, Any]:
        """What a session keeps of it."""
        return {
            "revision": self.revision,
            "client_info": self.client_info,
            "capabilities": self.capabilities,
        }

    def result(self, incoming: Incoming) -> dict[str, Any]:
        """What the client is told."""
        server = incoming.offer.server
        result: dict[str, Any] = {
            "protocolVersion": self.revision.name,
            "capabilities": capabilities.of_server(incoming.offer.catalog.features, self.revision),
            "serverInfo": shaping.implementation(incoming.offer.identity, self.revision),
        }
        if server.instructions:
            result["instructions"] = server.instructions
        return result


def _object(params: dict[str, Any], name: str) -> dict[str, Any]:
    value = params.get(name, {})
    if type(value) is not dict:
        raise InvalidParams(f"initialize needs params.{name} to be an object.")
    return value


async def ping(exchange: Exchange) -> dict[str, Any]:
    """ping: answered at once with nothing (2025-11-25, basic/utilities/ping)."""
    return {}


async def set_level(exchange: Exchange) -> dict[str, Any]:
    """logging/setLevel (2025-11-25, server/utilities/logging): how much a session is told."""
    level = read_level(exchange.params.get("level"))
    if level is None:
        raise InvalidParams("logging/setLevel needs params.level.")
    await exchange.services.sessions.set_log_level(exchange.its_session(), level)
    return {}
