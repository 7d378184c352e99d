"""The same client for tests that are ordinary functions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mcp_transport.protocol.subscriptions import Change, Kind
from mcp_transport.testing.answering import Asked, Elicitation, Roots, Sampling
from mcp_transport.testing.client import Client
from mcp_transport.testing.listening import Listener
from mcp_transport.testing.reply import Json
from mcp_transport.testing.results import PromptResult, ReadResult, ToolOutcome


class BlockingClient:
    """
    A client whose methods return when the answer is there.

    The event loop runs inside each call and stands still between them, so the
    test may use the ORM as ever.
    """

    def __init__(self, client: Client, runner: asyncio.Runner) -> None:
        self.client = client
        self._runner = runner

    @property
    def revision(self) -> str:
        """The revision that the client speaks."""
        return self.client.revision

    def call(self, tool: str, /, **arguments: Any) -> ToolOutcome:
        """See Client.call()."""
        return self._runner.run(self.client.call(tool, **arguments))

    def try_call(self, tool: str, arguments: Mapping[str, Any]) -> ToolOutcome:
        """See Client.try_call()."""
        return self._runner.run(self.client.try_call(tool, arguments))

    def read(self, uri: str) -> ReadResult:
        """See Client.read()."""
        return self._runner.run(self.client.read(uri))

    def prompt(self, name: str, /, **arguments: str) -> PromptResult:
        """See Client.prompt()."""
        return self._runner.run(self.client.prompt(name, **arguments))

    def complete(self, entry: str, argument: str, value: str = "", /, **chosen: str) -> list[str]:
        """See Client.complete()."""
        return self._runner.run(self.client.complete(entry, argument, value, **chosen))

    def tools(self) -> dict[str, Json]:
        """See Client.tools()."""
        return self._runner.run(self.client.tools())

    def resources(self) -> dict[str, Json]:
        """See Client.resources()."""
        return self._runner.run(self.client.resources())

    def templates(self) -> dict[str, Json]:
        """See Client.templates()."""
        return self._runner.run(self.client.templates())

    def prompts(self) -> dict[str, Json]:
        """See Client.prompts()."""
        return self._runner.run(self.client.prompts())

    def answer(
        self,
        *,
        elicitation: Elicitation | Callable[[Json], Elicitation] | None = None,
        sampling: Sampling | Callable[[Json], Sampling] | None = None,
        roots: Roots | Callable[[Json], Roots] | None = None,
    ) -> None:
        """See Client.answer()."""
        self.client.answer(elicitation=elicitation, sampling=sampling, roots=roots)

    @property
    def asked(self) -> list[Asked]:
        """See Client.asked."""
        return self.client.asked

    @contextmanager
    def listen(self, *kinds: Kind, resources: Sequence[str] = ()) -> Iterator[BlockingListener]:
        """See Client.listen()."""
        listener = self.client.listen(*kinds, resources=resources)
        self._runner.run(listener.__aenter__())
        try:
            yield BlockingListener(listener, self._runner)
        finally:
            self._runner.run(listener.__aexit__(None, None, None))

    def as_user(self, user: Any) -> BlockingClient:
        """See Client.as_user()."""
        return BlockingClient(self.client.as_user(user), self._runner)


class BlockingListener:
    """The changes that a blocking client hears of."""

    def __init__(self, listener: Listener, runner: asyncio.Runner) -> None:
        self._listener = listener
        self._runner = runner

    def next(self) -> Change:
        """See Listener.next()."""
        return self._runner.run(self._listener.next())

    @property
    def is_quiet(self) -> bool:
        """See Listener.is_quiet."""
        return self._listener.is_quiet
