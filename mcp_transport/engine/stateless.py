"""Requests of clients without sessions: each one says everything about itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from mcp_transport.engine import listening, recording, rounds, tools
from mcp_transport.engine.back_channel import CLOSED, StatelessChannel
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.guard import Abandoned, Guarded, Overdue
from mcp_transport.engine.handlers import HANDLERS
from mcp_transport.engine.incoming import ENDED, Incoming, Outcome, Reply, Responder
from mcp_transport.engine.questions import InputRequired
from mcp_transport.engine.services import Services
from mcp_transport.protocol import jsonrpc, routing, tasks
from mcp_transport.protocol.errors import InternalError, ProtocolError
from mcp_transport.protocol.jsonrpc import Request
from mcp_transport.protocol.methods import MODERN, offered_method
from mcp_transport.protocol.routing import SERVER_INFO
from mcp_transport.registry.records import TaskTerms

Serve = Callable[[Exchange, TaskTerms, Responder], Awaitable[Outcome]]


class Stateless:
    """Serves revisions without a handshake (2026-07-28, basic/index, Statelessness)."""

    def __init__(self, services: Services, long_calls: Serve) -> None:
        self._services = services
        self._serve_long = long_calls

    def serve(
        self, incoming: Incoming, request: Request, responder: Responder
    ) -> Awaitable[Outcome]:
        """Answer a request. Raises ProtocolError, at once, for one that cannot be served."""
        headers = incoming.headers if incoming.has_routing_headers else None
        envelope = routing.open_envelope(
            request, headers, incoming.duplicates, served=incoming.revisions
        )
        method = offered_method(MODERN, request.method, incoming.offer.catalog.features)
        exchange = Exchange(
            self._services,
            incoming,
            request,
            method,
            revision=envelope.revision,
            capabilities=envelope.capabilities,
            client_info=envelope.client_info,
            log_level=envelope.log_level,
            session=None,
            channel=StatelessChannel(responder, envelope.capabilities),
        )
        if method.name == "subscriptions/listen":
            return listen(exchange, responder)
        if "tasks" in exchange.catalog.features and (terms := terms_of(exchange)) is not None:
            return self._serve_long(exchange, terms, responder)
        # Most servers have neither, and then a call costs no coroutine for them.
        if incoming.offer.limits is None and self._services.observer is None:
            return answer(exchange, responder)
        return self._attend(exchange, responder)

    async def _attend(self, exchange: Exchange, responder: Responder) -> Outcome:
        """Answer within the limits of the sender, before the eyes of whoever observes."""
        limiting, observer = self._services.limiting, self._services.observer
        if exchange.incoming.offer.limits is not None:
            limiting.begin(exchange)
        try:
            if observer is None:
                return await answer(exchange, responder)
            with observer.observe(exchange):
                return await answer(exchange, responder)
        finally:
            limiting.end(exchange)


def terms_of(exchange: Exchange) -> TaskTerms | None:
    """The terms under which a call becomes a task; None for one that becomes none."""
    name = exchange.params.get("name")
    if exchange.method.name != "tools/call" or type(name) is not str:
        return None
    entry = exchange.catalog.tools.get(name)
    if entry is None or not tasks.declares(exchange.capabilities):
        return None
    return entry.definition.task


def answer(exchange: Exchange, responder: Responder) -> Awaitable[Outcome]:
    """Answer a request with a result of its own."""
    return work(exchange, responder) if exchange.method.may_ask else respond(exchange)


async def listen(exchange: Exchange, responder: Responder) -> Outcome:
    """Let a client hear of changes."""
    return listening.listen(exchange, responder)


async def respond(exchange: Exchange) -> Outcome:
    """Answer a request that nothing is said before."""
    return Reply(200, complete(exchange, await HANDLERS[exchange.method.name](exchange)))


async def work(exchange: Exchange, responder: Responder) -> Outcome:
    """Run what an entry does, under its time limit and only while somebody waits."""
    recording.require(exchange)
    result: dict[str, Any]
    try:
        result = await Guarded(
            HANDLERS[exchange.method.name](exchange),
            timeout=lambda: tools.time_limit(exchange),
            gone=responder.gone,
            unheard=exchange.channel.open,
            unheard_after=exchange.services.stream_after,
        )
    except InputRequired as asked:
        result = rounds.leave(exchange, asked)
    except Overdue:
        result = overdue(exchange) or await failed(exchange, took_too_long(exchange))
    except Abandoned:
        exchange.is_abandoned = True
        await recording.record(exchange, "cancelled")
        return ENDED
    except ProtocolError as error:
        await failed(exchange, error)
    finally:
        exchange.channel = CLOSED  # what a thread left behind reports is dropped
    outcome = recording.outcome_of(exchange, result)
    body = complete(exchange, result)
    await recording.record(exchange, outcome, result_bytes=len(body))
    return Reply(200, body, outcome=outcome)


async def failed(exchange: Exchange, error: ProtocolError) -> NoReturn:
    """Record a request that has no result, and raise why."""
    await recording.record(exchange, recording.failure_of(exchange), error=error)
    raise error


def overdue(exchange: Exchange) -> dict[str, Any] | None:
    """Note that a request took too long; the result in band that a tool has all the same."""
    exchange.is_abandoned = exchange.is_overdue = True
    return tools.overdue(exchange) if exchange.method.name == "tools/call" else None


def took_too_long(exchange: Exchange) -> InternalError:
    """The error for a request that has no result then."""
    return InternalError(f"This took longer than {tools.time_limit(exchange):g} seconds.")


def complete(exchange: Exchange, result: dict[str, Any]) -> bytes:
    """The response, with what every result of a stateless revision says."""
    result.setdefault("resultType", "complete")
    meta = result.get("_meta")
    info = {SERVER_INFO: exchange.incoming.offer.identity}
    result["_meta"] = {**meta, **info} if meta else info
    if exchange.method.is_cacheable and result["resultType"] == "complete":
        result["ttlMs"], result["cacheScope"] = cache_hints(exchange)
    return jsonrpc.result(exchange.request.id, result)


def cache_hints(exchange: Exchange) -> tuple[int, str]:
    """
    For how long, and for whom, a result may be kept (2026-07-28, server/utilities/caching).

    What a resource holds is the site's own affair, so it is stale at once.
    """
    is_same_for_all = (
        exchange.server.access == "public"
        and exchange.catalog.is_uniform
        and exchange.principal.scopes is None  # which leave some of it out
    )
    if exchange.method.name == "resources/read":
        return 0, "private"
    return exchange.services.cache_ttl_ms, "public" if is_same_for_all else "private"
