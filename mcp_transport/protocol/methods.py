"""
Which methods exist in which era, and what each of them is.

Pure: no I/O, no Django. One table; a method that is not in it, or not in the
request's era, does not exist. What 2026-07-28 took away and brought is in its
changelog, Major changes 2 to 5.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from mcp_transport.protocol.errors import MethodNotFound
from mcp_transport.protocol.shortening import shown

Capability = Literal["tools", "resources", "prompts", "completions", "logging"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A row of the table."""

    name: str
    in_legacy: bool = True
    in_modern: bool = True
    # What the server must advertise for it to exist (2025-11-25, basic/lifecycle, Operation).
    capability: Capability | None = None
    # The parameter that Mcp-Name repeats (2026-07-28, basic/transports/streamable-http,
    # Standard Request Headers).
    named_by: Literal["name", "uri", "taskId"] | None = None
    # May answer with input_required (2026-07-28, basic/patterns/mrtr, Supported Requests),
    # or ask while it runs.
    may_ask: bool = False
    # Its result carries ttlMs and cacheScope (2026-07-28, server/utilities/caching,
    # Cacheable Results).
    is_cacheable: bool = False
    is_recorded: bool = False  # leaves a call row


_ROWS = (
    Method(name="initialize", in_modern=False),
    Method(name="ping", in_modern=False),
    Method(name="logging/setLevel", in_modern=False, capability="logging"),
    Method(name="resources/subscribe", in_modern=False, capability="resources"),
    Method(name="resources/unsubscribe", in_modern=False, capability="resources"),
    Method(name="server/discover", in_legacy=False, is_cacheable=True),
    Method(name="subscriptions/listen", in_legacy=False),
    Method(name="tools/list", capability="tools", is_cacheable=True),
    Method(name="tools/call", capability="tools", named_by="name", may_ask=True, is_recorded=True),
    Method(name="resources/list", capability="resources", is_cacheable=True),
    Method(name="resources/templates/list", capability="resources", is_cacheable=True),
    Method(
        name="resources/read",
        capability="resources",
        named_by="uri",
        may_ask=True,
        is_cacheable=True,
        is_recorded=True,
    ),
    Method(name="prompts/list", capability="prompts", is_cacheable=True),
    Method(
        name="prompts/get", capability="prompts", named_by="name", may_ask=True, is_recorded=True
    ),
    Method(name="completion/complete", capability="completions"),
    # Of the extension (ext-tasks, Tasks). They are there whatever the server offers now:
    # a task may be left of a tool that is gone.
    Method(name="tasks/get", in_legacy=False, named_by="taskId"),
    Method(name="tasks/update", in_legacy=False, named_by="taskId"),
    Method(name="tasks/cancel", in_legacy=False, named_by="taskId"),
)
METHODS: Mapping[str, Method] = {row.name: row for row in _ROWS}
LEGACY: Mapping[str, Method] = {row.name: row for row in _ROWS if row.in_legacy}
MODERN: Mapping[str, Method] = {row.name: row for row in _ROWS if row.in_modern}


def offered_method(methods: Mapping[str, Method], name: str, features: Collection[str]) -> Method:
    """The method under a name, on a server with these features. Raises MethodNotFound."""
    method = methods.get(name)
    if method is None or (method.capability and method.capability not in features):
        raise MethodNotFound(f"There is no method {shown(name)} here.")
    return method
