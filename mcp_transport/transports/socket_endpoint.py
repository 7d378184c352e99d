"""
What every WebSocket door does before and after the engine.

No revision names a WebSocket; messages and lifecycle are the specification's
(2025-11-25, basic/transports, Custom Transports). Who may open a connection is
settled before it is accepted, so that a refusal still has an HTTP status.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from channels.consumer import AsyncConsumer

from mcp_transport.auth.opening import Who, still
from mcp_transport.auth.permissions import may_use_server
from mcp_transport.conf import settings
from mcp_transport.engine.connection import Connection, Ending
from mcp_transport.engine.directory import Offer, served
from mcp_transport.engine.flight import Flight
from mcp_transport.engine.guard import Hold
from mcp_transport.engine.incoming import Incoming
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InternalError, ProtocolError, Refused
from mcp_transport.storage.rows import DatabaseAway, is_unavailable
from mcp_transport.transports.direct import direct
from mcp_transport.transports.refusing import refusal_headers
from mcp_transport.transports.security import (
    check_origin,
    duplicates_of,
    is_same_origin,
    refuse_duplicates,
)
from mcp_transport.transports.sending import JSON_TYPE, hand_over
from mcp_transport.transports.worker import Worker

logger = logging.getLogger("mcp_transport.websocket")

TICKET = "mcp.ticket."  # a second subprotocol, never selected, that carries a ticket
MASKED = "***"
CLOSE_TIMEOUT = 2.0  # seconds in which a client that reads nothing can be told

HAS_LEFT = 0  # in place of a code
PRIVATE = 3000  # added to a code that the server does not let through
UNSUPPORTED_DATA = 1003
TOO_BIG = 1009
INTERNAL = 1011
# 1012 and 1013 are IANA's (RFC 6455, section 11.7), from 4000 on they are private (7.4.2);
# those end with the HTTP status that a request would have been answered with.
CODES = {
    Ending.IDLE: 1000,
    Ending.RESTART: 1012,
    Ending.OVERLOADED: 1013,
    Ending.STALLED: 1013,
    Ending.UNWELCOME: 4401,
    Ending.CLOSED: 4404,
}


class SocketEndpoint(AsyncConsumer):
    """One connection to an address below a server's; subclasses say what is spoken there."""

    transport: ClassVar[str]
    subprotocol: ClassVar[str]
    flight: ClassVar[type[Flight]] = Flight  # how answers are worded

    def revisions(self, offer: Offer) -> tuple[str, ...]:
        """Those that are served here."""
        return offer.server.revisions

    def understand(self, value: Any) -> Any:
        """The message that a decoded frame stands for. Raises ProtocolError."""
        return value

    def __init__(self, runtime: Callable[[], Worker]) -> None:
        self._runtime = runtime

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the connection to its end; nothing raised in here reaches the ASGI server."""
        self.runtime = self._runtime()
        self.request: dict[str, Any] = scope
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.receive = receive
        self.write = send
        await receive()  # websocket.connect
        ticket = self._take_ticket()
        try:
            connection = await self._open(ticket)
        except ProtocolError as error:
            await self._deny(error)
        except Exception as error:
            if is_unavailable(error):
                return await self._deny(DatabaseAway())
            logger.exception("A WebSocket to %s could not be opened", scope["path"])
            await self._deny(InternalError())
        else:
            await self._hold(connection)

    def _take_ticket(self) -> str | None:
        """The ticket that came along; one in the URL is masked before the server logs it."""
        pairs = parse_qsl(self.request["query_string"].decode("latin-1"), keep_blank_values=True)
        in_url = next((value for name, value in pairs if name == "ticket"), None)
        if in_url is not None:
            masked = [(name, MASKED if name == "ticket" else value) for name, value in pairs]
            self.request["query_string"] = urlencode(masked, safe="*").encode()
        offered = self.request.get("subprotocols", ())
        tickets = [item.removeprefix(TICKET) for item in offered if item.startswith(TICKET)]
        if tickets:
            return str(tickets[0])
        return in_url if settings.MCP_WEBSOCKET_QUERY_TICKETS else None

    async def _open(self, ticket: str | None) -> Connection:
        """Everything that is checked before the connection is accepted."""
        self._read_headers(duplicates_of(self.request["headers"]))
        host, origin = self.headers.get(b"host"), self.headers.get(b"origin")
        is_known = self.runtime.gate.admits(host, origin)
        self.selected = self._subprotocol()
        if not self.runtime.is_started:
            await self.runtime.start()
        if not is_known:
            await self._check_page(origin or b"")
        offer = await self._find_offer()
        self.who: Who = await self.runtime.opening.identify(
            self.headers,
            ticket=ticket,
            server_id=offer.server.id,
            is_same_origin=is_same_origin(host, origin),
        )
        self.who_now = still(self.who)
        incoming = await self._admit(None, None)
        return self.runtime.engine.connect(incoming, self._admit, self._send, flight=self.flight)

    def _read_headers(self, duplicates: frozenset[bytes]) -> None:
        """Look at what the headers say before anything is decided by them."""
        refuse_duplicates(duplicates)

    async def _check_page(self, origin: bytes) -> None:
        """Raises Refused for a page that may call neither the site nor this server."""
        offer = await self.runtime.directory.find(self.request["mcp_server"])
        check_origin(origin, offer.server.origins if offer else None)

    def _subprotocol(self) -> str | None:
        offered = self.request.get("subprotocols", ())
        if offered and self.subprotocol not in offered:
            raise Refused(400, f"The subprotocol is {self.subprotocol!r}; offer it, or none.")
        return self.subprotocol if offered else None

    async def _find_offer(self) -> Offer:
        slug = self.request["mcp_server"]
        directory = self.runtime.directory
        found = directory.find_cached(slug) or await directory.find(slug)
        return served(found, slug, self.transport)

    async def _admit(self, body: Any, session_id: str | None) -> Incoming:
        """A message with the rights that its sender has now."""
        offer = await self._find_offer()
        principal = await self.who()
        may_use_server(principal, offer.server)
        return Incoming(
            offer=offer,
            principal=principal,
            transport=self.transport,
            body=body,
            headers=self.headers,
            has_routing_headers=False,
            session_id=session_id,
            is_bound=True,
            revisions=self.revisions(offer),
            peer=self.request.get("client"),
            who_now=self.who_now,
        )

    async def _hold(self, connection: Connection) -> None:
        """Accept, and take messages until one of the two sides ends the connection."""
        try:
            if await self._accept(connection):
                await self._close(await self._converse(connection))
        finally:
            await self.runtime.engine.disconnect(connection)

    async def _accept(self, connection: Connection) -> bool:
        """Let the client in; False when it has left while that was decided."""
        try:
            await hand_over(self.write, {"type": "websocket.accept", "subprotocol": self.selected})
        except OSError:
            return False
        if not connection.ending.done():
            connection.direct = direct(self.request, self.write)
        return True

    async def _converse(self, connection: Connection) -> int | None:
        """Take messages to the end; the code to close with, if anybody is there to be told."""
        hold = Hold()
        connection.ending.add_done_callback(lambda _ending: hold.release())
        code = await hold.wait(self._read(connection))
        return CODES.get(connection.ending.result()) if hold.is_cut else code

    async def _read(self, connection: Connection) -> int | None:
        """Take messages; the code to close with, or none when the client has left."""
        code = None
        try:
            while code is None:  # no message is kept while the next one is waited for
                code = await self._take(connection, await self.receive())
            return code
        except Exception:
            logger.exception("A WebSocket to %s failed", self.request["path"])
            return INTERNAL

    async def _take(self, connection: Connection, event: dict[str, Any]) -> int | None:
        """Take a message; the code to close with, if it is the last."""
        if event["type"] == "websocket.disconnect":
            return HAS_LEFT
        text = event.get("text")
        if text is None:
            return UNSUPPORTED_DATA  # a binary frame
        data = text.encode()
        # `mcp serve` has refused it while it came; other servers may let it in.
        if len(data) > settings.MCP_WEBSOCKET_MAX_BYTES:
            return TOO_BIG
        value = None
        try:
            value = jsonrpc.decode(data)
            body = self.understand(value)
        except ProtocolError as error:
            await connection.refuse(error, value)
        else:
            await connection.receive(body)
        return None

    async def _send(self, message: bytes) -> None:
        await hand_over(self.write, {"type": "websocket.send", "text": message.decode()})

    async def _close(self, code: int | None) -> None:
        if not code:
            return
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._send_close(code)

    async def _send_close(self, code: int) -> None:
        try:
            await hand_over(self.write, {"type": "websocket.close", "code": code})
        except OSError:
            raise  # the client has left
        except Exception:  # noqa: BLE001 - autobahn raises no other
            # Daphne's protocol lets applications close with 1000 and 3000 to 4999 only.
            logger.info("The server cannot close with %s; it closes with %s", code, PRIVATE + code)
            await self.write({"type": "websocket.close", "code": PRIVATE + code})

    async def _deny(self, error: ProtocolError) -> None:
        """Refuse the upgrade, if the client is still there."""
        with contextlib.suppress(OSError):
            await self._say_why(error)

    async def _say_why(self, error: ProtocolError) -> None:
        # A server that cannot say more says 403.
        if "websocket.http.response" not in (self.request.get("extensions") or {}):
            await self.write({"type": "websocket.close", "code": 1008})
            return
        host = self.headers.get(b"host", b"").decode("latin-1")
        scheme = "https" if self.request.get("scheme") == "wss" else "http"
        url = f"{scheme}://{host}{self.request['path']}"
        await self.write(
            {
                "type": "websocket.http.response.start",
                "status": 500 if isinstance(error, InternalError) else error.status,
                "headers": [
                    JSON_TYPE,
                    *refusal_headers(
                        error, url, self.runtime.directory, self.request["mcp_server"]
                    ),
                ],
            }
        )
        await self.write(
            {"type": "websocket.http.response.body", "body": jsonrpc.error(None, error)}
        )
