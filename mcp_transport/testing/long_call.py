"""A call that became a task, for tests that look at it while it runs."""

from __future__ import annotations

from mcp_transport.testing.modern import ModernClient
from mcp_transport.testing.reply import Json, Refusal
from mcp_transport.testing.results import ToolFailed, ToolOutcome


class LongCall:
    """A task of the client that began it."""

    def __init__(self, wire: ModernClient, created: Json) -> None:
        self.id: str = created["taskId"]
        self.created = created
        self._wire = wire
        self._is_cancelled = False

    async def state(self) -> Json:
        """What the server says of it now."""
        return await self._wire.look_at_task(self.id)

    async def cancel(self) -> None:
        """Ask for its end; what it asks from now on stays unanswered."""
        self._is_cancelled = True
        _ = (await self._wire.ask("tasks/cancel", {"taskId": self.id})).result

    async def ended(self) -> Json:
        """Answer what it asks until it has ended; what the server says of it then."""
        return await self._wire.follow_task(self.id, is_answering=not self._is_cancelled)

    async def result(self) -> ToolOutcome:
        """
        Wait for what the tool returned.

        Raises ToolFailed for a failure that the model would read, Refusal for a task
        that failed or was cancelled.
        """
        state = await self.ended()
        if "result" not in state:
            raise Refusal(state.get("error", {"code": 0, "message": f"It is {state['status']}."}))
        outcome = ToolOutcome(raw=state["result"], progress=[], log=[])
        if outcome.is_error:
            raise ToolFailed(outcome)
        return outcome
