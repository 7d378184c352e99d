"""
Decides who has to come later: the one place where limits are asked.

Every message counts towards the rates of its sender and its server when it
arrives, every request towards what they have running until it is answered, and
the entry that it names has limits of its own. Streams and connections are
counted together. What is refused leaves a row now and then, never one each.
"""

from __future__ import annotations

import contextlib
import datetime
from typing import Any

import msgspec

from mcp_transport.audit.record import CallRecord
from mcp_transport.audit.recorder import Recorder
from mcp_transport.auth.principal import Principal
from mcp_transport.engine.catalog import Offered
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.incoming import Incoming
from mcp_transport.limits.address import name_of
from mcp_transport.limits.limit import Limit, ServerLimits
from mcp_transport.limits.limiter import MINUTE, Limiter
from mcp_transport.limits.refusals import Refusals
from mcp_transport.protocol.errors import LimitExceeded
from mcp_transport.protocol.methods import METHODS
from mcp_transport.storage.writer import Stage, WriterFull

BUSY = 1.0  # seconds after which something that runs may have ended
STREAMS_BUSY = 5.0  # the same of a stream
SHORT = 200  # characters of a name that are kept
REFUSED = "refused"


class Limiting:
    """The limits of every server, for this worker process."""

    def __init__(
        self,
        limiter: Limiter,
        recorder: Recorder,
        *,
        max_streams: int,
        max_anonymous_streams: int,
    ) -> None:
        self.limiter = limiter
        self._recorder = recorder
        self.refusals = 0  # since the process began
        self._max_streams = max_streams
        self._max_anonymous_streams = max_anonymous_streams
        self._refusals = Refusals()

    def admit(self, incoming: Incoming) -> None:
        """
        Count what has arrived, before anything is done for it.

        An answer to a question and a notification cannot be repeated by every
        client: they may take a minute's worth more than requests. Raises
        LimitExceeded.
        """
        limits = incoming.offer.limits
        if limits is None:
            return
        body = incoming.body
        if type(body) is list:
            self._charge(incoming, limits, len(body) or 1, 0.0)
        elif type(body) is dict and not ("id" in body and "method" in body):
            self._charge(incoming, limits, 1, MINUTE)
        else:
            self._charge(incoming, limits, 1, 0.0)

    def begin(self, exchange: Exchange) -> None:
        """Count a request that runs until end() is called. Raises LimitExceeded."""
        incoming = exchange.incoming
        limits = incoming.offer.limits
        if limits is None:
            return
        exchange.held = []
        key, own = _sender(incoming, limits)
        whole = limits.whole
        try:
            if own.concurrency is not None:
                self._enter(exchange, key, own.concurrency, "You may have")
            if whole.concurrency is not None:
                self._enter(exchange, limits.key, whole.concurrency, "All clients may have")
        except LimitExceeded:
            self.end(exchange)
            raise

    def begin_entry(self, exchange: Exchange, entry: Offered, limit: Limit) -> None:
        """Count a use of an entry with a limit of its own. Raises LimitExceeded."""
        key = f"{exchange.server.id}#{entry.kind}:{entry.name}"
        # First: its place is given back when the rate refuses, and a rate is not.
        if limit.concurrency is not None:
            self._enter(exchange, key, limit.concurrency, f"The {entry.kind} {entry.name!r} has")
        if limit.rate is not None:
            wait = self.limiter.take(key, limit.rate)
            if wait:
                raise LimitExceeded(
                    f"The {entry.kind} {entry.name!r} is used {limit.rate} times a minute at most.",
                    retry_after=wait,
                )

    def end(self, exchange: Exchange) -> None:
        """Count that a request has come to its end, once."""
        held, exchange.held = exchange.held, None
        for key in held or ():
            self.limiter.leave(key)

    def hold_stream(self, principal: Principal) -> None:
        """Count a stream or a connection until leave_stream() is called. Raises LimitExceeded."""
        is_anonymous = principal.is_anonymous
        most = self._max_anonymous_streams if is_anonymous else self._max_streams
        if not self.limiter.enter(_stream_key(principal), most, is_told=False):
            raise LimitExceeded(
                f"You hold {most} streams and connections open, which is the limit; close one.",
                retry_after=STREAMS_BUSY,
            )

    def leave_stream(self, principal: Principal) -> None:
        """Count a stream or a connection no more."""
        self.limiter.leave(_stream_key(principal))

    def streams_of(self, principal: Principal) -> int:
        """How many streams and connections a principal holds in this process."""
        return self.limiter.count(_stream_key(principal))

    def note_refusal(self, incoming: Incoming, error: LimitExceeded) -> None:
        """Keep that something was refused, unless the like was kept a moment ago."""
        self.refusals += 1
        call = _refused(incoming, error)
        kind = (call.server, call.principal, call.method, call.entry)
        if self._refusals.note(kind, call):
            self._keep(call)

    def summarize(self, *, are_all: bool = False) -> None:
        """Keep how many were refused beside those that were kept."""
        for call, more in self._refusals.summaries(are_all=are_all):
            error = f"Refused {more} more times within a minute of the first."
            started_at = datetime.datetime.now(datetime.UTC)
            self._keep(msgspec.structs.replace(call, started_at=started_at, error=error))

    def _charge(self, incoming: Incoming, limits: ServerLimits, count: int, credit: float) -> None:
        take = self.limiter.take
        key, own = _sender(incoming, limits)
        rate, whole = own.rate, limits.whole.rate
        if rate is not None and (wait := take(key, rate, count, credit)):
            raise LimitExceeded(
                f"You may send this server {rate} requests a minute; wait a little.",
                retry_after=wait,
            )
        if whole is not None and (wait := take(limits.key, whole, count, credit)):
            if rate is not None:
                self.limiter.give_back(key, rate, count)
            raise LimitExceeded(
                "This server is asked more often than it may be; wait a little.", retry_after=wait
            )

    def _enter(self, exchange: Exchange, key: str, most: int, says: str) -> None:
        if not self.limiter.enter(key, most):
            raise LimitExceeded(
                f"{says} {most} requests running at most; wait for one to end.", retry_after=BUSY
            )
        if exchange.held is not None:
            exchange.held.append(key)

    def _keep(self, call: CallRecord) -> None:
        with contextlib.suppress(WriterFull):  # calls that were carried out come first
            self._recorder.post(call, stage=Stage.NEW)


def _stream_key(principal: Principal) -> str:
    return f"stream {principal.key}"


def _sender(incoming: Incoming, limits: ServerLimits) -> tuple[str, Limit]:
    """What a sender's messages to a server count under, and how many they may be."""
    principal = incoming.principal
    if principal.is_anonymous:
        return f"{limits.key}@{name_of(incoming.peer)}", limits.anonymous
    return f"{limits.key}/{principal.key}", limits.principal


def _refused(incoming: Incoming, error: LimitExceeded) -> CallRecord:
    """The row of what was refused; of what a client sent only what is known to be short."""
    principal = incoming.principal
    body: dict[str, Any] = incoming.body if type(incoming.body) is dict else {}
    said, params = body.get("method"), body.get("params")
    method = METHODS.get(said) if type(said) is str else None
    names = method.named_by if method is not None else None
    # The id of a task is as good as a key, so it is not kept here.
    is_kept = names in ("name", "uri")
    named = params.get(names) if is_kept and type(params) is dict else None
    return CallRecord(
        started_at=datetime.datetime.now(datetime.UTC),
        duration_us=0,
        server=incoming.offer.server.slug,
        method=method.name if method else "",
        entry=named[:SHORT] if type(named) is str else "",
        transport=incoming.transport,
        principal=principal.key,
        username=principal.username,
        user_id=principal.user_id,
        token_id=principal.token_id,
        outcome=REFUSED,
        error_code=error.status,
        error=error.message[:SHORT],
    )
