"""Who looks on while requests are served; nobody, unless a site asks for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_transport.engine.exchange import Exchange


class Observer(ABC):
    """Is asked for a context in which each request is served."""

    @abstractmethod
    def observe(self, exchange: Exchange) -> AbstractContextManager[object]:
        """
        Give what is entered before a request is served and left after it.

        At its end the exchange knows its entry, and what came of it if its
        method is one that is recorded.
        """


class Observers(Observer):
    """Several who look on."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    @contextmanager
    def observe(self, exchange: Exchange) -> Iterator[None]:
        """See Observer.observe()."""
        with ExitStack() as stack:
            for observer in self._observers:
                stack.enter_context(observer.observe(exchange))
            yield


def together(observers: Sequence[Observer]) -> Observer | None:
    """Make one of many; None of none, which costs nothing."""
    if len(observers) > 1:
        return Observers(observers)
    return observers[0] if observers else None
