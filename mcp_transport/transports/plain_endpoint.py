"""What the doors for plain HTTP share: keys for tokens, and problems in plain JSON."""

from __future__ import annotations

from typing import Any, ClassVar

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.directory import Offer
from mcp_transport.engine.incoming import Incoming
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InternalError, ProtocolError
from mcp_transport.transports import tool_calls
from mcp_transport.transports.endpoint import HttpEndpoint
from mcp_transport.transports.refusing import refusal_headers

NOT_KEPT = (
    (b"cache-control", b"private, no-store"),
    (b"x-content-type-options", b"nosniff"),
)


class PlainEndpoint(HttpEndpoint):
    """One request to an address that takes and gives plain JSON."""

    transport = tool_calls.TRANSPORT
    methods: ClassVar[tuple[str, ...]] = ("GET",)

    def describe(self, offer: Offer, principal: Principal) -> Incoming:
        """See HttpEndpoint.describe()."""
        return Incoming(
            offer=offer,
            principal=principal,
            transport=self.transport,
            body=self._message() if self.request["method"] == "POST" else None,
            headers=self.headers,
            has_routing_headers=False,
            peer=self.request.get("client"),
            who_now=self.who_now,
        )

    @property
    def takes_cookie(self) -> bool:
        """See HttpEndpoint.takes_cookie."""
        # To read alone: any page can have a browser send a POST with the cookie.
        return bool(self.request["method"] == "GET")

    @property
    def door(self) -> str:
        """What of the server is asked for."""
        return str(self.request["mcp_door"])

    @property
    def base(self) -> str:
        """The path under which the server's addresses stand; empty at the root."""
        path: str = self.request["path"].rstrip("/")
        return path.removesuffix(self.door).rstrip("/")

    def _message(self) -> Any:
        """The message that the body stands for. Raises ProtocolError."""
        return self.body

    def _check_gate(self) -> bool:
        is_known = super()._check_gate()
        tool_calls.take_key(self.headers, self.duplicates)
        return is_known

    async def _refuse(self, error: ProtocolError) -> None:
        status = 500 if isinstance(error, InternalError) else error.status
        told = tool_calls.problem(status, error.message)
        host = self.headers.get(b"host", b"").decode("latin-1")
        url = f"{self.request.get('scheme', 'http')}://{host}{self.request['path']}"
        body = b"" if self.responder.is_open else jsonrpc.encode(told)
        await self.responder.finish(
            status,
            body,
            refusal_headers(error, url, self.runtime.directory, self.request["mcp_server"]),
        )
