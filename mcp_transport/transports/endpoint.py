"""
What every HTTP door does before and after the engine.

A Channels consumer with its own ``__call__``: mounted at the ASGI router, it
reads the body straight from the server, without a mailbox, a dispatch by event
type or Django's middleware in between.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar

from channels.consumer import AsyncConsumer

from mcp_transport.auth.permissions import may_use_server
from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings
from mcp_transport.engine.directory import Offer, served
from mcp_transport.engine.guard import Guarded, Overdue
from mcp_transport.engine.incoming import Ended, Incoming, Outcome, Reply
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InternalError, ProtocolError, Refused
from mcp_transport.protocol.headers import SESSION_ID
from mcp_transport.storage.rows import DatabaseAway, is_unavailable
from mcp_transport.transports.accepting import accepted
from mcp_transport.transports.refusing import refusal_headers
from mcp_transport.transports.security import (
    check_origin,
    cors,
    duplicates_of,
    is_same_origin,
    preflight,
    refuse_duplicates,
)
from mcp_transport.transports.sending import HttpResponder
from mcp_transport.transports.worker import Worker

logger = logging.getLogger("mcp_transport.endpoint")

ENDINGS = (Reply, Ended)
NONE: frozenset[bytes] = frozenset()  # of the headers stands twice


class ClientGone(Exception):
    """The client left before its request was complete."""


class HttpEndpoint(AsyncConsumer):
    """One request to an address below a server's; subclasses say what is done there."""

    transport: ClassVar[str]  # as rows and records call it
    methods: ClassVar[tuple[str, ...]] = ("POST",)
    has_body: ClassVar[bool] = True  # whether a POST brings a message

    body: Any  # decoded

    @abstractmethod
    def describe(self, offer: Offer, principal: Principal) -> Incoming:
        """Say what came, once it is known to be let in."""

    @abstractmethod
    def serve(self, incoming: Incoming) -> Awaitable[Outcome]:
        """Hand it to the engine."""

    def __init__(self, runtime: Callable[[], Worker]) -> None:
        self._runtime = runtime

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer the request; nothing raised in here reaches the ASGI server."""
        self._begin(scope, receive, send)
        try:
            outcome = await self._outcome()
            if not isinstance(outcome, ENDINGS):
                self.body = None
                outcome = await outcome.follow()
            await self._finish(outcome)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - logged unless the client is told why
            await self._refuse(self._refusal(error))
        finally:
            self.responder.close()

    def _begin(self, scope: Any, receive: Any, send: Any) -> None:
        self.runtime = self._runtime()
        raw: list[tuple[bytes, bytes]] = scope["headers"]
        self.headers = dict(raw)
        self.duplicates = duplicates_of(raw) if len(self.headers) != len(raw) else NONE
        self.request: dict[str, Any] = scope
        self.receive = receive
        self.body = None
        if b"accept" in self.duplicates:  # a list, which may go on in another line
            self.headers[b"accept"] = b", ".join(v for name, v in raw if name == b"accept")
        json, stream = accepted(self.headers.get(b"accept"))
        self.responder = HttpResponder(
            scope,
            receive,
            send,
            accepts_json=json,
            accepts_stream=stream,
            worker=self.runtime,
        )

    def _refusal(self, error: Exception) -> ProtocolError:
        """What is answered because of an error."""
        if isinstance(error, ProtocolError):
            return error
        if isinstance(error, Overdue):
            return Refused(408, "The body did not arrive in time.", headers={"Connection": "close"})
        if is_unavailable(error):
            return DatabaseAway()
        logger.error("%s %s failed", self.request["method"], self.request["path"], exc_info=error)
        return InternalError()

    async def _outcome(self) -> Outcome:
        if not self._check_gate():
            await self._check_page()
        self.responder.headers = cors(self.headers.get(b"origin"))
        method: str = self.request["method"]
        if method == "OPTIONS":
            asked = self.headers.get(b"access-control-request-headers")
            return Reply(204, headers=preflight(asked))
        return await self.serve(await self._admit())

    def _check_gate(self) -> bool:
        """Whether the sender may call every server, as far as it is a page."""
        headers = self.headers
        if self.duplicates:
            refuse_duplicates(self.duplicates)
        return self.runtime.gate.admits(headers.get(b"host"), headers.get(b"origin"))

    async def _check_page(self) -> None:
        """Raises Refused for a page that may not call this server either."""
        if not self.runtime.is_started:
            await self.runtime.start()
        offer = await self.runtime.directory.find(self.request["mcp_server"])
        check_origin(self.headers[b"origin"], offer.server.origins if offer else None)

    async def _admit(self) -> Incoming:
        """Everything that is checked before the body means anything."""
        method = self.request["method"]
        if method not in self.methods:
            allowed = ", ".join((*self.methods, "OPTIONS"))
            raise Refused(
                405, f"{method} is not served here; {allowed} are.", headers={"Allow": allowed}
            )
        run = self.runtime
        if not run.is_started:
            await run.start()
        slug = self.request["mcp_server"]
        found = run.directory.find_cached(slug) or await run.directory.find(slug)
        offer = self.served(found, slug)
        principal = run.authenticators.recall(self.headers) or await self.identify(offer)
        may_use_server(principal, offer.server)
        if method == "POST" and self.has_body:
            self._check_media()
            body = await Guarded(self._read_body(), timeout=lambda: settings.MCP_BODY_TIMEOUT)
            self.body = jsonrpc.decode(body)
        return self.describe(offer, principal)

    async def identify(self, offer: Offer) -> Principal:
        """Say who sent the request. Raises AuthenticationError."""
        if not self.takes_cookie:
            return await self.runtime.authenticators.authenticate(self.headers)
        host, origin = self.headers.get(b"host"), self.headers.get(b"origin")
        who = await self.runtime.opening.identify(
            self.headers,
            ticket=None,
            server_id=offer.server.id,
            is_same_origin=origin is None or is_same_origin(host, origin),
        )
        return await who()

    @property
    def takes_cookie(self) -> bool:
        """
        Whether the cookie of the site's own session stands for its user, too.

        Only where a request changes nothing: a browser adds the cookie to those
        that other sites' pages make it send, and these cannot read the answer.
        """
        return False

    def served(self, offer: Offer | None, slug: str) -> Offer:
        """The server, if clients may come this way. Raises Refused."""
        return served(offer, slug, self.transport)

    async def who_now(self, before: Principal) -> Principal | None:
        """See Incoming.who_now."""
        run, slug = self.runtime, self.request["mcp_server"]
        try:
            offer = self.served(await run.directory.find(slug), slug)
            principal = await self.identify(offer)
            may_use_server(principal, offer.server)
        except Refused as error:
            return before if error.status == 503 else None  # else ask again later
        return principal if principal.key == before.key else None

    async def _read_body(self) -> bytes:
        limit: int = self.runtime.max_body_bytes
        announced = self.headers.get(b"content-length", b"0")
        if announced.isdigit() and len(announced) < 20 and int(announced) > limit:
            raise _too_large(limit)
        message = await self.receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body: bytes = message.get("body", b"")
            if len(body) > limit:
                raise _too_large(limit)
            return body
        return b"".join([part async for part in self._parts(message, limit)])

    async def _parts(self, message: dict[str, Any], limit: int) -> AsyncIterator[bytes]:
        size = 0
        while True:
            if message["type"] != "http.request":
                raise ClientGone
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            yield part
            if not message.get("more_body"):
                return
            message = await self.receive()

    def _check_media(self) -> None:
        if not (self.responder.accepts_json or self.responder.accepts_stream):
            raise Refused(406, "Accept application/json and text/event-stream.")
        kind = self.headers.get(b"content-type", b"")
        if kind != b"application/json" and not _is_json(kind):
            raise Refused(415, "Content-Type must be application/json.")
        if b"content-encoding" in self.headers and not _is_plain(self.headers):
            # RFC 9110, 15.5.16: the response says which encodings would do.
            raise Refused(
                415,
                "Send the body as it is, without a Content-Encoding.",
                headers={"Accept-Encoding": "identity"},
            )

    async def _refuse(self, error: ProtocolError) -> None:
        url = f"{self.request.get('scheme', 'http')}://{_host(self.headers)}{self.request['path']}"
        status = 500 if isinstance(error, InternalError) else error.status
        body = jsonrpc.error(jsonrpc.read_id(self.body), error)
        await self.responder.finish(
            status,
            body,
            refusal_headers(error, url, self.runtime.directory, self.request["mcp_server"]),
        )

    def _finish(self, outcome: Outcome) -> Awaitable[None]:
        if not isinstance(outcome, Reply):
            return self.responder.finish(200, b"")
        headers = outcome.headers
        if outcome.session_id is not None:
            headers += ((SESSION_ID, outcome.session_id.encode()),)
        return self.responder.finish(outcome.status, outcome.body, headers)


def _host(headers: dict[bytes, bytes]) -> str:
    return headers.get(b"host", b"").decode("latin-1")


def _is_json(kind: bytes) -> bool:
    return kind.partition(b";")[0].strip().lower() == b"application/json"


def _is_plain(headers: dict[bytes, bytes]) -> bool:
    return headers[b"content-encoding"].strip().lower() in (b"", b"identity")


def _too_large(limit: int) -> Refused:
    return Refused(413, f"The body is larger than {limit} bytes.", headers={"Connection": "close"})
