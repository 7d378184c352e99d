"""One request and everything that is sent because of it."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.directory import ServerRecord
from mcp_transport.engine.request_state import RequestState
from mcp_transport.protocol.errors import MethodNotFound, ProtocolError
from mcp_transport.protocol.jsonrpc import Request
from mcp_transport.protocol.methods import Method
from mcp_transport.protocol.revisions import Revision
from mcp_transport.sessions.store import SessionRecord

if TYPE_CHECKING:
    from mcp_transport.engine.back_channel import BackChannel
    from mcp_transport.engine.catalog import Catalog, Offered
    from mcp_transport.engine.incoming import Incoming
    from mcp_transport.engine.services import Services


class Exchange:
    """
    What the handlers of a request work with.

    No handler asks which era it is in: what may be sent besides the result is
    the back channel's affair, and the shape of the result the revision's.
    """

    # Plain attributes, not properties: they are read many times in every request.
    __slots__ = (
        "capabilities", "catalog", "channel", "client_info", "entry", "error", "held", "incoming",
        "is_abandoned", "is_overdue", "log_level", "meta", "method", "outcome", "params",
        "principal", "request", "revision",
        "server", "services", "session", "started_at", "started_ns", "state",
    )  # fmt: skip

    def __init__(
        self,
        services: Services,
        incoming: Incoming,
        request: Request,
        method: Method,
        *,
        revision: Revision,
        capabilities: Mapping[str, Any],
        client_info: Mapping[str, Any],
        log_level: str | None,
        session: SessionRecord | None,
        channel: BackChannel,
    ) -> None:
        self.services = services
        self.incoming = incoming
        self.request = request
        self.params = request.params
        self.server: ServerRecord = incoming.offer.server
        self.catalog: Catalog = incoming.offer.catalog
        self.principal: Principal = incoming.principal
        self.method = method
        self.revision = revision
        self.capabilities = capabilities
        self.client_info = client_info
        self.log_level = log_level
        self.session = session
        self.channel = channel
        meta = request.params.get("_meta")
        self.meta: dict[str, Any] = meta if type(meta) is dict else {}
        self.entry: Offered | None = None  # set once it is found
        self.state: RequestState | None = None  # what the rounds of a question carry
        self.held: list[str] | None = None  # what it counts under, while it runs
        self.outcome = ""  # how it ended, once that is recorded
        self.error: ProtocolError | None = None
        self.is_abandoned = False  # nobody waits for the result
        self.is_overdue = False
        self.started_at = datetime.datetime.now(datetime.UTC)
        self.started_ns = time.perf_counter_ns()

    def its_session(self) -> SessionRecord:
        """The session, for a method that exists with one only. Raises MethodNotFound."""
        if self.session is None:
            raise MethodNotFound(f"{self.method.name} needs a session.")
        return self.session
