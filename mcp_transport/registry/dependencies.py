"""
Dependencies: what a function is given without a client having to send it.

A parameter annotated ``Annotated[User, Depends(find_user)]`` is in no schema,
cannot be sent, and is filled with what ``find_user`` returns. That function
may take a context and depend on others in turn; in one call it runs once,
however many ask for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin

from mcp_transport.registry.context import Context, SyncContext
from mcp_transport.registry.errors import ToolError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Depends:
    """Marks a parameter: it gets what this function, or class, returns."""

    call: Callable[..., Any]


class Progress:
    """
    Reports how far an asynchronous function is; give a parameter this type.

    ``step`` counts by itself: set ``total`` once and call it for each piece.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.done = 0.0
        self.total: float | None = None

    async def report(
        self, done: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Tell the client; see Context.progress()."""
        self.done = done
        self.total = self.total if total is None else total
        await self._context.progress(self.done, self.total, message)

    async def step(self, message: str | None = None, *, by: float = 1) -> None:
        """One piece more is done."""
        await self.report(self.done + by, None, message)


class SyncProgress:
    """Reports how far a synchronous function is: see :class:`Progress`."""

    def __init__(self, context: SyncContext) -> None:
        self._context = context
        self.done = 0.0
        self.total: float | None = None

    def report(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """See Progress.report()."""
        self.done = done
        self.total = self.total if total is None else total
        self._context.progress(self.done, self.total, message)

    def step(self, message: str | None = None, *, by: float = 1) -> None:
        """See Progress.step()."""
        self.report(self.done + by, None, message)


async def current_user(context: Context) -> Any:
    """The user who asks. Raises ToolError when nobody is known to."""
    if context.user.is_anonymous:
        raise ToolError("This needs to know who asks; connect with a token of yours.")
    return context.user


#: ``user: CurrentUser[User]``: the user who asks, never an anonymous one.
CurrentUser = Annotated[T, Depends(current_user)]

PROVIDED = {Progress: Depends(Progress), SyncProgress: Depends(SyncProgress)}


def dependency_of(hint: Any) -> Depends | None:
    """What an annotation says the parameter depends on; None for an argument."""
    if get_origin(hint) is Annotated:
        found = [extra for extra in get_args(hint)[1:] if isinstance(extra, Depends)]
        if found:
            return found[0]
        hint = get_args(hint)[0]
    return PROVIDED.get(hint) if isinstance(hint, type) else None
