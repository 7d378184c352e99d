"""
Finds the entry that a request names, for a principal who may use it.

An entry that the user may not use is answered like one that does not exist;
one that only the credential does not cover is refused with what it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_transport.auth.errors import InsufficientScope
from mcp_transport.auth.principal import broader, scopes_for
from mcp_transport.engine.back_channel import check_capabilities
from mcp_transport.engine.catalog import D, Offered
from mcp_transport.engine.exchange import Exchange
from mcp_transport.protocol.errors import (
    InvalidParams,
    LegacyResourceNotFound,
    ProtocolError,
    ResourceNotFound,
)
from mcp_transport.protocol.shortening import capped, shown
from mcp_transport.registry.context import Question
from mcp_transport.registry.records import ResourceDefinition, TemplateDefinition


def find(exchange: Exchange, kind: str, table: Mapping[str, Offered[D]]) -> Offered[D]:
    """
    The tool or prompt of the catalog that ``params.name`` names.

    Raises InvalidParams for a name that is none, InsufficientScope, or
    MissingClientCapability.
    """
    name = exchange.params.get("name")
    if type(name) is not str:
        raise InvalidParams(f"{exchange.method.name} needs params.name, a string.", status=400)
    entry = table.get(name)
    if entry is None or not entry.is_permitted(exchange.principal):
        raise InvalidParams(f"There is no {kind} {shown(name)}; {kind}s/list shows what there is.")
    _admit(exchange, entry)
    return entry


def find_resource(
    exchange: Exchange,
) -> tuple[Offered[ResourceDefinition | TemplateDefinition], str, dict[str, str]]:
    """The resource or template that ``params.uri`` names, the URI and its variables."""
    uri = exchange.params.get("uri")
    if type(uri) is not str:
        raise InvalidParams(f"{exchange.method.name} needs params.uri, a string.", status=400)
    found = exchange.catalog.match(uri)
    if found is None or not found[0].is_permitted(exchange.principal):
        raise no_resource(exchange, uri)
    _admit(exchange, found[0])
    return found[0], uri, found[1]


def look_up(exchange: Exchange) -> None:
    """
    Note the entry that a request names, before it is served.

    What is kept of a request that has not begun depends on it: the entry says
    which arguments are secret. Whether it is admitted is found out later.
    """
    named = exchange.params.get(exchange.method.named_by or "")
    if type(named) is not str:
        return
    found: Offered | None
    if exchange.method.named_by == "uri":
        match = exchange.catalog.match(named)
        found = match[0] if match else None
    else:
        found = exchange.catalog.of_kind(exchange.method.name.partition("s/")[0]).get(named)
    if found is not None and found.is_permitted(exchange.principal):
        exchange.entry = found


def no_resource(exchange: Exchange, uri: str) -> ProtocolError:
    """The error for a resource that is not there, as the revision says it."""
    if exchange.revision.is_modern:
        return ResourceNotFound(uri)
    return LegacyResourceNotFound(f"There is no resource {shown(uri)}.", data={"uri": capped(uri)})


def _needs(entry: Offered, held: frozenset[str] | None) -> tuple[tuple[str, ...], ...]:
    """
    The scopes of a credential that would do.

    What this one has is among them: a client may ask for what it reads here
    alone (2025-11-25, basic/authorization, Runtime Insufficient Scope Errors).
    """
    return (
        scopes_for(entry.kind, entry.name, entry.is_read_only),
        *(broader(s) for s in sorted(held or ())),
    )


def _admit(exchange: Exchange, entry: Offered) -> None:
    exchange.entry = entry
    if not entry.is_covered(exchange.principal):
        raise InsufficientScope(
            f"The token does not cover the {entry.kind} {entry.name!r}.",
            needs=_needs(entry, exchange.principal.scopes),
        )
    if entry.limit is not None and exchange.method.is_recorded:
        exchange.services.limiting.begin_entry(exchange, entry, entry.limit)
    required: dict[str, Any] = entry.definition.requires
    if required:
        needed = Question(method="", params={}, capability=required)
        check_capabilities({"": needed}, exchange.capabilities)
