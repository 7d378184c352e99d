"""What the sources of servers of others have in common."""

from __future__ import annotations

import asyncio
import itertools
import logging
from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, Generic, TypeVar

from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.source import Health, Source, Tell
from mcp_transport.protocol.content import Message, ResourceContents
from mcp_transport.protocol.errors import (
    INVALID_PARAMS,
    RESOURCE_NOT_FOUND,
    InternalError,
    InvalidParams,
)
from mcp_transport.registry.errors import ToolError
from mcp_transport.registry.results import ToolResult
from mcp_transport.sources.foreign import contents
from mcp_transport.sources.foreign.definitions import (
    Foreign,
    ForeignEntries,
    ForeignPrompt,
    ForeignResource,
    ForeignTemplate,
    ForeignTool,
)
from mcp_transport.sources.foreign.errors import Answered, Away, ForeignError, Unsent
from mcp_transport.sources.foreign.hearing import ContextHearer
from mcp_transport.sources.foreign.keeping import READ, SHARED, Keeper
from mcp_transport.sources.foreign.listing import Known
from mcp_transport.sources.foreign.origin import Origin
from mcp_transport.sources.foreign.pool import Prepare

_calls = itertools.count(1)
OF_SESSION = "session:"  # how the key of a peer begins that a session has to itself

OriginT = TypeVar("OriginT", bound=Origin)


class ForeignSource(
    Source[ForeignTool, ForeignResource, ForeignTemplate, ForeignPrompt], Generic[OriginT]
):
    """What servers of others list, of the origins that a setting names."""

    def __init__(self) -> None:
        self._origins: dict[str, OriginT] = {origin.alias: origin for origin in self.origins()}
        self._keepers: dict[str, Keeper[Any]] = {}

    @abstractmethod
    def origins(self) -> Sequence[OriginT]:
        """Those that the setting names."""

    @property
    @abstractmethod
    def known(self) -> Known:
        """What they listed last, for this whole process."""

    @abstractmethod
    def keeper(self, origin: OriginT, tell: Tell) -> Keeper[Any]:
        """Who keeps one of them."""

    def prepare(self, origin: OriginT, context: RequestContext) -> Prepare | None:
        """What gives a new peer of a caller what it may know."""
        return None

    async def start(self, tell: Tell) -> None:
        """Ask every origin for its lists; see Source.start()."""
        origins = self._origins
        self._keepers = {alias: self.keeper(origin, tell) for alias, origin in origins.items()}
        for keeper in self._keepers.values():
            await keeper.tried()

    async def stop(self) -> None:
        """See Source.stop()."""
        keepers, self._keepers = self._keepers, {}
        await asyncio.gather(*(keeper.stop() for keeper in keepers.values()))

    def health(self) -> Sequence[Health]:
        """See Source.health()."""
        return [keeper.health() for keeper in self._keepers.values()]

    def sessions(self) -> Collection[str]:
        """See Source.sessions()."""
        keys = {key for keeper in self._keepers.values() for key in keeper.pool.keys}
        return {key.removeprefix(OF_SESSION) for key in keys if key.startswith(OF_SESSION)}

    def leave_session(self, session_id: str) -> None:
        """See Source.leave_session()."""
        for keeper in self._keepers.values():
            keeper.pool.dismiss(f"{OF_SESSION}{session_id}")

    def generation(self) -> int:
        """See Source.generation()."""
        return self.known.generation if self._origins else 0

    def entries(self) -> ForeignEntries:
        """See Source.entries()."""
        return self.known.entries(self._origins.values())

    def owners(self) -> Sequence[str]:
        """See Source.owners()."""
        return [origin.owner for origin in self._origins.values()]

    def owner(self, definition: Foreign) -> str:
        """What a server's offers call the origin."""
        return self._origins[definition.alias].owner

    def place(self, definition: Foreign) -> str:
        """See Source.place()."""
        return self._origins[definition.alias].place

    def match(self, template: ForeignTemplate, uri: str) -> dict[str, str] | None:
        """See Source.match()."""
        return template.pattern.match(uri)

    def completes(self, definition: Foreign) -> bool:
        """See Source.completes()."""
        return isinstance(definition, (ForeignTemplate, ForeignPrompt)) and definition.is_completed

    async def call(
        self, tool: ForeignTool, arguments: dict[str, object], context: RequestContext
    ) -> ToolResult:
        """See Source.call()."""
        tool.input.require(arguments)
        params = {"name": tool.own_name, "arguments": arguments}
        try:
            answer = await self._ask(tool.alias, "tools/call", params, context)
        except ForeignError as error:
            raise ToolError(error.message) from None
        return contents.tool_result(tool, answer)

    async def read(
        self,
        resource: ForeignResource | ForeignTemplate,
        uri: str,
        variables: dict[str, str],
        context: RequestContext,
    ) -> Sequence[ResourceContents]:
        """See Source.read()."""
        try:
            answer = await self._ask(resource.alias, READ, {"uri": uri}, context)
        except Answered as error:
            if error.code in (RESOURCE_NOT_FOUND, INVALID_PARAMS):
                return ()
            raise InternalError(error.message) from None
        except ForeignError as error:
            raise InternalError(error.message) from None
        return contents.resource_contents(answer)

    async def get(
        self, prompt: ForeignPrompt, arguments: dict[str, str], context: RequestContext
    ) -> Sequence[Message]:
        """See Source.get()."""
        params = {"name": prompt.own_name, "arguments": arguments}
        try:
            answer = await self._ask(prompt.alias, "prompts/get", params, context)
        except Answered as error:
            if error.code == INVALID_PARAMS:
                raise InvalidParams(error.message) from None
            raise InternalError(error.message) from None
        except ForeignError as error:
            raise InternalError(error.message) from None
        return contents.messages(answer)

    async def complete(
        self,
        definition: ForeignTemplate | ForeignPrompt,
        argument: str,
        value: str,
        context: RequestContext,
        arguments: dict[str, str],
    ) -> Sequence[str]:
        """See Source.complete(); one that cannot say has nothing to propose."""
        params: dict[str, Any] = {
            "ref": _reference(definition),
            "argument": {"name": argument, "value": value},
        }
        if arguments:
            params["context"] = {"arguments": arguments}
        try:
            answer = await self._ask(definition.alias, "completion/complete", params, context)
        except ForeignError as error:
            logger = logging.getLogger(f"mcp_transport.{self.name}")
            logger.info("%r completes nothing: %s", definition.alias, error)
            return ()
        return contents.completions(answer)

    async def _ask(
        self, alias: str, method: str, params: dict[str, Any], context: RequestContext
    ) -> dict[str, Any]:
        keeper, origin = self._keepers.get(alias), self._origins[alias]
        if keeper is None:
            raise Away(f"{origin.name} does not run in this process.")
        key, is_kept = key_of(origin, context)
        hearer = ContextHearer(context, may_ask=origin.questions)

        async def ask() -> dict[str, Any]:
            prepare = self.prepare(origin, context)
            return await keeper.ask(
                method, params, hearer, key=key, is_kept=is_kept, prepare=prepare
            )

        try:
            return await ask()
        except Unsent:
            return await ask()


def key_of(origin: Origin, context: RequestContext) -> tuple[str, bool]:
    """
    Whose peer a call needs, and whether that is kept for the next.

    Nobody knows whether two clients without credentials are the same one: each
    has a peer for its session or, without one, for the call.
    """
    session, principal = context.session, context.principal
    if origin.is_shared:
        return SHARED, True
    if session is not None and (origin.per == "session" or principal.is_anonymous):
        return f"{OF_SESSION}{session.id}", True
    if principal.is_anonymous:
        return f"call:{next(_calls)}", False
    return f"principal:{principal.key}", True


def _reference(definition: ForeignTemplate | ForeignPrompt) -> dict[str, str]:
    if isinstance(definition, ForeignPrompt):
        return {"type": "ref/prompt", "name": definition.own_name}
    return {"type": "ref/resource", "uri": definition.uri_template}
