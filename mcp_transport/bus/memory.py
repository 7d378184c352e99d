"""A bus for a site that is one process."""

from __future__ import annotations

from mcp_transport.bus.base import Bus, Receive


class MemoryBus(Bus):
    """There is nobody else to wake."""

    reaches_other_processes = False

    async def start(self, receive: Receive) -> None:
        """See Bus.start()."""

    async def publish(self, message: bytes) -> None:
        """See Bus.publish()."""

    async def stop(self) -> None:
        """See Bus.stop()."""
