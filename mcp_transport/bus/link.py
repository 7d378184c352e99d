"""The form of a connection that the thread of a database bus holds."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Link(ABC):
    """Messages to and from the other processes; every method may raise when the database is away."""

    #: Seconds after which receive() is called though nothing woke the thread.
    interval: float

    @abstractmethod
    def fileno(self) -> int | None:
        """A socket that becomes readable with a message; None where there is none."""

    @abstractmethod
    def send(self, messages: list[bytes]) -> None:
        """Hand messages to the database."""

    @abstractmethod
    def receive(self) -> list[bytes]:
        """Take what has come, without waiting; one's own messages may be among it."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection."""
