"""The form of a bus backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

Receive = Callable[[bytes], None]


class Bus(ABC):
    """
    Carries messages from one worker process to all others.

    A process does not get its own messages back. Delivery is at most once.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options

    @abstractmethod
    async def start(self, receive: Receive) -> None:
        """Begin to hand what others publish to a callback on the running loop."""

    @abstractmethod
    async def publish(self, message: bytes) -> None:
        """Send a message to the other processes; never raises because a broker is away."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop receiving and let go of connections."""
