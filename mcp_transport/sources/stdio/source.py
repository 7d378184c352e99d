"""Entries of programs that speak MCP over their standard input and output."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

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
from mcp_transport.sources.stdio import contents
from mcp_transport.sources.stdio.definitions import (
    Foreign,
    ForeignEntries,
    ForeignPrompt,
    ForeignResource,
    ForeignTemplate,
    ForeignTool,
)
from mcp_transport.sources.stdio.errors import Answered, Away, ChildError, Unsent
from mcp_transport.sources.stdio.hearing import ContextHearer
from mcp_transport.sources.stdio.listing import SHARED, Keeper, known
from mcp_transport.sources.stdio.programs import Program, programs

logger = logging.getLogger("mcp_transport.stdio")

READ = "resources/read"

_calls = itertools.count(1)


class StdioSource(Source[ForeignTool, ForeignResource, ForeignTemplate, ForeignPrompt]):
    """What the programs of MCP_STDIO list."""

    name: ClassVar[str] = "stdio"

    def __init__(self) -> None:
        self._programs = programs()
        self._keepers: dict[str, Keeper] = {}

    async def start(self, tell: Tell) -> None:
        """Ask every program for its lists; see Source.start()."""
        self._keepers = {program.alias: Keeper(program, tell) for program in self._programs}
        for keeper in self._keepers.values():
            await keeper.tried()

    async def stop(self) -> None:
        """See Source.stop()."""
        keepers, self._keepers = self._keepers, {}
        await asyncio.gather(*(keeper.stop() for keeper in keepers.values()))

    def health(self) -> Sequence[Health]:
        """See Source.health()."""
        return [keeper.health() for keeper in self._keepers.values()]

    def generation(self) -> int:
        """See Source.generation()."""
        return known.generation if self._programs else 0

    def entries(self) -> ForeignEntries:
        """See Source.entries()."""
        return known.entries(self._programs)

    def owners(self) -> Sequence[str]:
        """See Source.owners()."""
        return [program.alias for program in self._programs]

    def owner(self, definition: Foreign) -> str:
        """The alias of the program."""
        return definition.alias

    def place(self, definition: Foreign) -> str:
        """See Source.place()."""
        return f"MCP_STDIO[{definition.alias!r}]"

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
        except ChildError as error:
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
        except ChildError as error:
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
        except ChildError as error:
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
        """See Source.complete(); a program that cannot say has nothing to propose."""
        params: dict[str, Any] = {
            "ref": _reference(definition),
            "argument": {"name": argument, "value": value},
        }
        if arguments:
            params["context"] = {"arguments": arguments}
        try:
            answer = await self._ask(definition.alias, "completion/complete", params, context)
        except ChildError as error:
            logger.info("MCP_STDIO[%r] completes nothing: %s", definition.alias, error)
            return ()
        return contents.completions(answer)

    async def _ask(
        self, alias: str, method: str, params: dict[str, Any], context: RequestContext
    ) -> dict[str, Any]:
        keeper = self._keepers.get(alias)
        if keeper is None:
            raise Away(f"The program {alias!r} does not run in this process.")
        try:
            return await _ask(keeper, method, params, context)
        except Unsent:
            return await _ask(keeper, method, params, context)


async def _ask(
    keeper: Keeper, method: str, params: dict[str, Any], context: RequestContext
) -> dict[str, Any]:
    key, is_kept = child_key(keeper.program, context)
    hearer = ContextHearer(context, may_ask=keeper.program.questions)
    prepare = partial(_variables, keeper.program, context)
    async with keeper.pool.lend(key, is_kept=is_kept, prepare=prepare) as child:
        answer = await child.request(method, params, hearer)
        if method == READ and keeper.program.is_shared:
            child.follow(params["uri"])  # what others' children see is not this one's
        return answer


async def _variables(program: Program, context: RequestContext) -> dict[str, str]:
    if program.environment_of is None:
        return {}
    functions = context.exchange.services.functions
    return await functions.run(program.variables_of, context.principal)


def child_key(program: Program, context: RequestContext) -> tuple[str, bool]:
    """
    Whose child a call needs, and whether that is kept for the next.

    Nobody knows whether two clients without credentials are the same one: each
    has a child for its session or, without one, for the call.
    """
    session, principal = context.session, context.principal
    if program.is_shared:
        return SHARED, True
    if session is not None and (program.per == "session" or principal.is_anonymous):
        return f"session:{session.id}", True
    if principal.is_anonymous:
        return f"call:{next(_calls)}", False
    return f"principal:{principal.key}", True


def _reference(definition: ForeignTemplate | ForeignPrompt) -> dict[str, str]:
    if isinstance(definition, ForeignPrompt):
        return {"type": "ref/prompt", "name": definition.own_name}
    return {"type": "ref/resource", "uri": definition.uri_template}
