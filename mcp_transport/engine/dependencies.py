"""
Making what a function depends on, once in each call.

What awaits is made on the event loop, the rest in a thread: for a synchronous
function in its own one, right before it and inside its transaction.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from functools import partial
from typing import Any

from mcp_transport.engine.context import BlockingContext, RequestContext
from mcp_transport.engine.questions import Asked, guarded
from mcp_transport.registry.records import Dependency, Function


class Resolution:
    """The values of one call's dependencies, by their place in the plan."""

    def __init__(
        self, function: Function, context: RequestContext, blocking: BlockingContext
    ) -> None:
        self._function = function
        self._context = context
        self._blocking = blocking
        self._made: dict[int, Any] = {}

    def values(self) -> dict[str, Any]:
        """The function's keyword arguments."""
        return self._named(self._function.needs)

    async def make_all(self) -> None:
        """Make everything, for a function that runs on the loop."""
        for place in range(len(self._function.dependencies)):
            await self._make(place)

    async def make_what_awaits(self) -> None:
        """Make what a thread cannot, and what that needs."""
        for place, step in enumerate(self._function.dependencies):
            if step.is_async:
                await self._make(place)

    def make_the_rest(self) -> None:
        """Make what is still missing, in the function's thread."""
        for place, step in enumerate(self._function.dependencies):
            if place not in self._made:
                self._made[place] = step.call(**self._arguments(step))

    async def _make(self, place: int) -> None:
        if place in self._made:
            return
        step = self._function.dependencies[place]
        for needed in step.needs.values():
            await self._make(needed)
        if step.is_async:
            value = step.call(**self._arguments(step))
            self._made[place] = await value if inspect.isawaitable(value) else value
        else:
            self._made[place] = await self._run_in_thread(step)

    async def _run_in_thread(self, step: Dependency) -> Any:
        exchange, first = self._context.exchange, self._context.questions_asked
        while True:
            try:
                value = await exchange.services.functions.run(
                    guarded, partial(step.call, **self._arguments(step))
                )
            except asyncio.CancelledError:
                exchange.is_abandoned = True
                raise
            if not isinstance(value, Asked):
                return value
            self._context.state.answers.update(await exchange.channel.ask(value.questions))
            self._context.questions_asked = first  # it runs again, and asks the same

    def _arguments(self, step: Dependency) -> dict[str, Any]:
        named = self._named(step.needs)
        if step.context_parameter is not None:
            named[step.context_parameter] = self._context if step.is_async else self._blocking
        return named

    def _named(self, needs: Mapping[str, int]) -> dict[str, Any]:
        return {name: self._made[place] for name, place in needs.items()}
