"""Waiting for what the server tells by itself, in both eras."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from mcp_transport.protocol.subscriptions import KINDS, Change, Kind
from mcp_transport.testing.legacy import LegacyClient
from mcp_transport.testing.modern import ModernClient
from mcp_transport.testing.reply import Json
from mcp_transport.testing.stream import Stream

UPDATED = "notifications/resources/updated"
LISTS: dict[str, Kind] = {f"notifications/{kind}/list_changed": kind for kind in KINDS}


class Listener:
    """
    The changes that a client hears of: lists by kind, resources by URI.

    An asynchronous context manager; inside it nothing is missed.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[ModernClient | LegacyClient]],
        kinds: Sequence[Kind],
        resources: Sequence[str],
    ) -> None:
        self._connect = connect
        self._kinds = frozenset(kinds)
        self._resources = tuple(resources)
        self._wire: ModernClient | LegacyClient | None = None
        self._stream: Stream | None = None

    async def __aenter__(self) -> Self:
        self._wire = await self._connect()
        if isinstance(self._wire, ModernClient):
            self._stream = await self._listen(self._wire)
        else:
            self._stream = await self._subscribe(self._wire)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            await self._stream.close()
        if isinstance(self._wire, LegacyClient):
            for uri in self._resources:
                await self._wire.ask("resources/unsubscribe", {"uri": uri})

    async def next(self) -> Change:
        """Wait for the next change; the wait is bounded."""
        assert self._stream is not None, "Listen inside `async with`."
        async for message in self._stream.messages():
            change = change_of(message)
            if change is not None and self._is_wanted(change):
                return change
        raise AssertionError("The stream ended, and a change was expected.")

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come that was not taken."""
        return self._stream is not None and self._stream.exchange.is_quiet

    def _is_wanted(self, change: Change) -> bool:
        """A session's stream tells of every list, whoever asked."""
        return change.uri is not None or change.kind in self._kinds

    async def _listen(self, wire: ModernClient) -> Stream:
        wanted: Json = {f"{kind}ListChanged": True for kind in self._kinds}
        if self._resources:
            wanted["resourceSubscriptions"] = list(self._resources)
        stream = await wire.listen(wanted)
        await stream.expect("notifications/subscriptions/acknowledged")
        return stream

    async def _subscribe(self, wire: LegacyClient) -> Stream:
        stream = await wire.listen()
        for uri in self._resources:
            _ = (await wire.ask("resources/subscribe", {"uri": uri})).result
        return stream


def change_of(message: Json) -> Change | None:
    """What a notification says has changed."""
    method = message.get("method", "")
    if method == UPDATED:
        return Change("resources", message["params"]["uri"])
    return Change(LISTS[method]) if method in LISTS else None
