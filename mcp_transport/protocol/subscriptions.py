"""
Which change notification belongs on which stream. Pure: no I/O, no Django.

Specification 2026-07-28, basic/patterns/subscriptions; up to 2025-11-25 a
session's standalone stream carries every list change and the resources the
session subscribed to.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, Literal, Protocol

import msgspec

from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.shortening import shown

Kind = Literal["tools", "resources", "prompts"]
KINDS: Final[tuple[Kind, ...]] = ("tools", "resources", "prompts")
SUBSCRIPTION_ID: Final = "io.modelcontextprotocol/subscriptionId"
MAX_URIS: Final = 1000  # of a stream or a session: each change is compared with all of them
LONGEST_URI: Final = 2000  # characters: those of a session are kept in its row
PLACE: Final = "id"  # of an id, in what stands around it
_ENCODED_PLACE: Final = jsonrpc.encode(PLACE)

_FIELDS: Final[dict[Kind, str]] = {kind: f"{kind}ListChanged" for kind in KINDS}


class Change(msgspec.Struct, frozen=True):
    """Something a client may want to read again: a list, or one resource."""

    kind: Kind
    uri: str | None = None  # one resource's contents; None: the list

    @property
    def method(self) -> str:
        """The notification that tells of it."""
        return (
            "notifications/resources/updated"
            if self.uri
            else f"notifications/{self.kind}/list_changed"
        )

    @property
    def params(self) -> dict[str, Any]:
        """The notification's parameters."""
        return {"uri": self.uri} if self.uri else {}

    def encode(self) -> bytes:
        """The notification as a legacy session gets it."""
        return _encoded(self)

    def encode_for(self, subscription: bytes) -> bytes:
        """
        The notification as the stream of a listen request, by its encoded id, gets it.

        Each carries the id (basic/patterns/subscriptions, Receiving Notifications).
        """
        before, after = _around_id(self)
        return before + subscription + after


class News(Protocol):
    """Something that a stream is told of."""

    def encode(self) -> bytes:
        """The notification as a legacy session gets it."""

    def encode_for(self, subscription: bytes) -> bytes:
        """The notification as the stream of a listen request gets it."""


class Filter(msgspec.Struct, frozen=True):
    """What one stream asked to be told of."""

    kinds: frozenset[Kind] = frozenset()
    uris: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()  # by id; the hub knows nothing of them

    def wants(self, change: Change) -> bool:
        """Whether a change belongs on the stream."""
        if change.uri is None:
            return change.kind in self.kinds
        return any(covers(uri, change.uri) for uri in self.uris)

    def as_params(self) -> dict[str, Any]:
        """The filter as the acknowledgement repeats it: what is not honoured is left out."""
        params: dict[str, Any] = {_FIELDS[kind]: True for kind in KINDS if kind in self.kinds}
        if self.uris:
            params["resourceSubscriptions"] = sorted(self.uris)
        if self.tasks:
            params["taskIds"] = sorted(self.tasks)
        return params


# One change is told to many, each of whom knows it by an id of its own.
@lru_cache(maxsize=64)
def _encoded(change: Change) -> bytes:
    return jsonrpc.notification(change.method, change.params or None)


@lru_cache(maxsize=64)
def _around_id(change: Change) -> tuple[bytes, bytes]:
    return around(change.method, {**change.params, "_meta": {SUBSCRIPTION_ID: PLACE}})


def around(method: str, params: dict[str, Any]) -> tuple[bytes, bytes]:
    """A notification without the id that comes last in it, which each stream has its own of."""
    # The last one: a resource may be called like the placeholder, and stands before it.
    before, _place, after = jsonrpc.notification(method, params).rpartition(_ENCODED_PLACE)
    return before, after


def covers(subscribed: str, uri: str) -> bool:
    """
    Whether a subscription is told of a resource: itself, or one below it.

    A notification may name a sub-resource of what was subscribed to
    (2025-11-25, schema, ResourceUpdatedNotificationParams).
    """
    return uri == subscribed or uri.startswith(subscribed.rstrip("/") + "/")


def read_filter(params: dict[str, Any], features: frozenset[str]) -> Filter:
    """
    The part of a listen request's filter that the server honours.

    Every field may be left out (basic/patterns/subscriptions, Notification
    Filter); what the server has none of is dropped, not refused.
    Raises InvalidParams when the filter is missing or malformed.
    """
    wanted = params.get("notifications")
    if not isinstance(wanted, dict):
        raise InvalidParams("subscriptions/listen needs params.notifications, an object.")
    for field in _FIELDS.values():
        said = wanted.get(field, False)
        if not isinstance(said, bool):
            raise InvalidParams(f"notifications.{field} is true or false, not {shown(said)}.")
    uris = _uris(wanted.get("resourceSubscriptions", []))
    lists = of_lists(tuple(k for k in KINDS if wanted.get(_FIELDS[k]) and k in features))
    return Filter(lists.kinds, frozenset(uris)) if uris and "resources" in features else lists


def _uris(uris: Any) -> list[str]:
    """The resources that a stream asks for. Raises InvalidParams."""
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise InvalidParams("notifications.resourceSubscriptions is a list of URIs.")
    if len(uris) > MAX_URIS:
        raise InvalidParams(f"A stream takes at most {MAX_URIS} resource subscriptions.")
    for uri in uris:
        check_uri(uri)
    return uris


def check_uri(uri: str) -> None:
    """Raise InvalidParams for a URI that is too long to be remembered."""
    if len(uri) > LONGEST_URI:
        raise InvalidParams(
            f"A subscription's URI has at most {LONGEST_URI} characters, not {len(uri)}."
        )


@lru_cache(maxsize=8)
def of_lists(kinds: tuple[Kind, ...]) -> Filter:
    """What lets changes of lists through; one for all streams that asked for the same."""
    return Filter(frozenset(kinds))
