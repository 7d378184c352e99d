"""Entries of programs that speak MCP over their standard input and output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.source import Tell
from mcp_transport.sources.foreign.keeping import Keeper
from mcp_transport.sources.foreign.listing import Known
from mcp_transport.sources.foreign.pool import Prepare
from mcp_transport.sources.foreign.source import ForeignSource
from mcp_transport.sources.stdio.child import Child
from mcp_transport.sources.stdio.process import Process
from mcp_transport.sources.stdio.programs import Program, programs

known = Known()


class StdioSource(ForeignSource[Program]):
    """What the programs of MCP_STDIO list."""

    name: ClassVar[str] = "stdio"

    @property
    def known(self) -> Known:
        """See ForeignSource.known."""
        return known

    def origins(self) -> Sequence[Program]:
        """See ForeignSource.origins()."""
        return programs()

    def keeper(self, origin: Program, tell: Tell) -> Keeper[Child]:
        """See ForeignSource.keeper()."""
        return ProgramKeeper(origin, known, tell)

    def prepare(self, origin: Program, context: RequestContext) -> Prepare | None:
        """See ForeignSource.prepare()."""
        return partial(_variables, origin, context)


class ProgramKeeper(Keeper[Child]):
    """Keeps the list of one program, and its children."""

    origin: Program

    async def make(self, key: str, given: Mapping[str, str]) -> Child:
        """See Keeper.make()."""
        return Child(await Process.start(self.origin, given), self.heed)

    def state(self) -> str:
        """See Keeper.state()."""
        running = len(self.pool.peers)
        count = f"{running} process{'' if running == 1 else 'es'}"
        return f"{count} of {self.origin.max_children}"


async def _variables(program: Program, context: RequestContext) -> Mapping[str, str]:
    if program.environment_of is None:
        return {}
    functions = context.exchange.services.functions
    return await functions.run(program.variables_of, context.principal)
