"""The form of a bus backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Error

Receive = Callable[[bytes], None]


class Bus(ABC):
    """
    Carries messages from one worker process to all others.

    A process does not get its own messages back. Delivery is at most once.
    """

    #: Does a message arrive in the site's other processes?
    reaches_other_processes: ClassVar[bool] = True
    #: Which keys does OPTIONS take?
    option_names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, **options: Any) -> None:
        self.options = options
        #: Whether what is published now would be lost.
        self.is_away = False

    @abstractmethod
    async def start(self, receive: Receive) -> None:
        """Begin to hand what others publish to a callback on the running loop."""

    @abstractmethod
    async def publish(self, message: bytes) -> None:
        """Send a message to the other processes; never raises because a broker is away."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop receiving and let go of connections."""

    def check(self) -> list[CheckMessage]:
        """
        Say what is wrong with the options, without connecting to anything.

        A backend with options of its own adds to this what it knows of them.
        """
        unknown = sorted(self.options.keys() - self.option_names)
        known = ", ".join(sorted(self.option_names)) or "none"
        return [
            Error(
                f"MCP_BUS gives {type(self).__name__} the option {name!r}, which it does not take.",
                hint=f"Correct its spelling or remove it; options are: {known}.",
                id="mcp.E008",
            )
            for name in unknown
        ]
