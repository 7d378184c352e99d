"""
A bus over a Channels layer, which a site with Redis has anyway.

Works with both layers of channels-redis. The broker may stop, hang or be
flushed: messages are lost then, as a bus may, and soon after its return the
process hears the others again. No request ever waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar

from channels.layers import get_channel_layer
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from mcp_transport.bus.base import Bus, Receive

logger = logging.getLogger("mcp_transport.bus")

GROUP = "mcp_transport.bus"
# Whoever misses a notice finds out from the tables: what is too much is dropped.
WAITING_LIMIT = 1000  # messages
HEARTBEAT = 1.0  # seconds
PATIENCE = 2.0  # seconds for one exchange with the broker
DEAF_AFTER = 3.0  # seconds in which none of one's own heartbeats came back
FAREWELL = 1.0  # seconds
ATTEMPTS = 5
IN_MEMORY = "channels.layers.InMemoryChannelLayer"
HINT = "Name in OPTIONS['LAYER'] an alias of CHANNEL_LAYERS whose layer is one of channels-redis."


class ChannelLayerBus(Bus):
    """Messages through the layer that ``LAYER`` names, else the default one."""

    option_names: ClassVar[frozenset[str]] = frozenset({"LAYER"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._alias: str = options.get("LAYER", "default")
        self._sender = secrets.token_hex(8)
        self._layer: Any = None
        self._receive: Receive | None = None
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(WAITING_LIMIT)
        self._tasks: list[asyncio.Task[None]] = []
        self._listening: asyncio.Task[None] | None = None
        self._channel = ""
        self._heard_at = 0.0

    async def start(self, receive: Receive) -> None:
        """See Bus.start(); a broker that is away is joined when it comes."""
        self._layer = get_channel_layer(self._alias)
        self._receive = receive
        await self._try(self._join)
        self._tasks = [asyncio.create_task(work()) for work in (self._beat, self._send)]

    async def publish(self, message: bytes) -> None:
        """See Bus.publish(); a task sends it, and with too many waiting nobody does."""
        if self._tasks and not self._waiting.full():
            self._waiting.put_nowait(message)

    async def stop(self) -> None:
        """See Bus.stop()."""
        if not self._tasks:
            return
        tasks, self._tasks = self._tasks, []
        await self._send_last()
        await asyncio.gather(*map(_end, tasks))
        await self._leave()

    def check(self) -> list[CheckMessage]:
        """See Bus.check()."""
        messages = super().check()
        layers = getattr(django_settings, "CHANNEL_LAYERS", {})
        if self._alias not in layers:
            says = f"The bus is to use the channel layer {self._alias!r}, which CHANNEL_LAYERS does not have."
            messages.append(Error(says, hint=HINT, id="mcp.E009"))
        elif layers[self._alias].get("BACKEND") == IN_MEMORY:
            says = f"The channel layer {self._alias!r} reaches no other process."
            messages.append(CheckWarning(says, hint=HINT, id="mcp.W005"))
        return messages

    async def _join(self) -> None:
        """Take a channel in the group, and listen to it."""
        self._channel = ""
        channel = await self._layer.new_channel()
        await self._layer.group_add(GROUP, channel)
        self._channel = channel
        self._heard_at = time.monotonic()
        self._listening = asyncio.create_task(self._listen(channel))

    async def _listen(self, channel: str) -> None:
        # A channel that was left behind ends its own listener, so that no two hand over.
        while self._channel == channel:
            try:
                self._take(await self._layer.receive(channel))
            except Exception as error:  # noqa: BLE001 - a layer's errors are its broker's
                self._note_away(error)
                await asyncio.sleep(HEARTBEAT)

    def _take(self, envelope: dict[str, Any]) -> None:
        if envelope.get("sender") == self._sender:
            self._heard_at = time.monotonic()
        elif self._receive is not None and isinstance(envelope.get("message"), str):
            self._receive(envelope["message"].encode("latin-1"))

    async def _beat(self) -> None:
        """Be in the group, whatever happened to it, and see whether one hears."""
        while True:
            await asyncio.sleep(HEARTBEAT)
            if not self._channel:
                await self._try(self._join)
            elif await self._try(self._show) and self._is_deaf:
                await self._leave()

    @property
    def _is_deaf(self) -> bool:
        return time.monotonic() - self._heard_at > DEAF_AFTER

    async def _show(self) -> None:
        await self._layer.group_add(GROUP, self._channel)  # a flush takes the group away
        await self._layer.send(self._channel, self._envelope(b""))

    async def _send(self) -> None:
        while True:
            message = await self._waiting.get()
            await self._try(partial(self._layer.group_send, GROUP, self._envelope(message)))
            self._waiting.task_done()

    async def _send_last(self) -> None:
        """What was published before the end, unless the broker is away."""
        if not self.is_away:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._waiting.join(), FAREWELL)

    async def _leave(self) -> None:
        """Out of the group, and listen no more."""
        channel, self._channel = self._channel, ""
        if channel and not self.is_away:
            await self._try(lambda: self._layer.group_discard(GROUP, channel))
            # A receive() that gets something ends in order, which a cancelled one may not.
            await self._try(lambda: self._layer.send(channel, self._envelope(b"")))
        listening = self._listening
        if listening is not None:
            await asyncio.wait([listening], timeout=0 if self.is_away else FAREWELL)
            await _end(listening)
        self._listening = None

    async def _try(self, exchange: Callable[[], Awaitable[Any]]) -> bool:
        """Whether the broker did something in time; its errors stay here."""
        try:
            async with asyncio.timeout(PATIENCE):
                await exchange()
        except Exception as error:  # noqa: BLE001 - a layer's errors are its broker's
            self._note_away(error)
            return False
        if self.is_away:
            logger.info("The bus reaches its channel layer again.")
        self.is_away = False
        return True

    def _note_away(self, error: Exception) -> None:
        if not self.is_away:
            reason = str(error) or type(error).__name__
            logger.warning("The bus does not reach its channel layer: %s", reason)
        self.is_away = True

    def _envelope(self, message: bytes) -> dict[str, str]:
        """A message in the form that each serializer of a layer takes."""
        return {"type": "mcp.bus", "sender": self._sender, "message": message.decode("latin-1")}


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task, more than once: a layer with its hands full may overlook it."""
    for _ in range(ATTEMPTS):
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=FAREWELL / ATTEMPTS)
