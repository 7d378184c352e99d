"""The client that tests of tools are written with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mcp_transport.protocol.subscriptions import Kind
from mcp_transport.testing.answering import (
    Answers,
    Asked,
    Elicitation,
    Roots,
    Sampling,
    everything,
)
from mcp_transport.testing.legacy import LegacyClient
from mcp_transport.testing.listening import Listener
from mcp_transport.testing.long_call import LongCall
from mcp_transport.testing.modern import LOG_LEVEL, ModernClient
from mcp_transport.testing.reply import Json, Reply
from mcp_transport.testing.results import (
    PromptResult,
    ReadResult,
    ToolFailed,
    ToolOutcome,
    log_of,
    progress_of,
)
from mcp_transport.testing.stream import Check, accept_anything
from mcp_transport.testing.wire import MODERN_REVISION

if TYPE_CHECKING:
    from mcp_transport.testing.site import Site

MAX_PAGES = 1000


class Client:
    """
    A client of one server, as one user, at one revision.

    It connects when it is first used, asks for progress and log messages with
    everything it does, and declares that it can answer every question; the
    answers themselves come from :meth:`answer`.
    """

    def __init__(
        self,
        site: Site,
        path: str,
        *,
        revision: str = MODERN_REVISION,
        token: str = "",
        capabilities: Json | None = None,
        log_level: str | None = "debug",
        check: Check = accept_anything,
    ) -> None:
        self.site = site
        self.revision = revision
        self._path = path
        self._capabilities = everything(revision) if capabilities is None else capabilities
        self._log_level = log_level
        self._check = check
        self._answers = Answers()
        self._connecting = asyncio.Lock()
        self._wire = self._make_wire(token)
        self._asked = 0

    # --- entries ----------------------------------------------------------------

    async def call(self, tool: str, /, **arguments: Any) -> ToolOutcome:
        """
        Call a tool.

        Raises ToolFailed, which is a ToolError, for what the model would read
        as a failure, and Refusal for a call that the server does not take.
        """
        outcome = await self.try_call(tool, arguments)
        if outcome.is_error:
            raise ToolFailed(outcome)
        return outcome

    async def try_call(self, tool: str, arguments: Mapping[str, Any]) -> ToolOutcome:
        """Call a tool and return its failure like any other result."""
        reply = await self.ask("tools/call", {"name": tool, "arguments": dict(arguments)})
        return ToolOutcome(**told_by(reply))

    async def begin(self, tool: str, /, **arguments: Any) -> LongCall:
        """
        Call a tool whose call becomes a task, and do not wait for it.

        call() waits, whether it becomes one or not.
        """
        wire = await self.connect()
        if not isinstance(wire, ModernClient):
            raise AssertionError(f"{self.revision} has no tasks.")
        created = (await wire.ask("tools/call", {"name": tool, "arguments": arguments})).result
        if created["resultType"] != "task":
            raise AssertionError(f"{tool} became no task, but was answered: {created!r}")
        return LongCall(wire, created)

    async def read(self, uri: str) -> ReadResult:
        """Read a resource."""
        return ReadResult(**told_by(await self.ask("resources/read", {"uri": uri})))

    async def prompt(self, name: str, /, **arguments: str) -> PromptResult:
        """Get a prompt."""
        reply = await self.ask("prompts/get", {"name": name, "arguments": arguments})
        return PromptResult(**told_by(reply))

    async def complete(
        self, entry: str, argument: str, value: str = "", /, **chosen: str
    ) -> list[str]:
        """
        Ask for suggestions for an argument of a prompt or a URI template.

        ``value`` is what was typed so far, ``chosen`` are other arguments.
        """
        params: Json = {"ref": ref_of(entry), "argument": {"name": argument, "value": value}}
        if chosen:
            params["context"] = {"arguments": chosen}
        result = (await self.ask("completion/complete", params)).result
        return list(result["completion"]["values"])

    # --- lists ------------------------------------------------------------------

    async def tools(self) -> dict[str, Json]:
        """The tools that are listed, by name."""
        return {tool["name"]: tool for tool in await self._list("tools/list", "tools")}

    async def resources(self) -> dict[str, Json]:
        """The resources that are listed, by URI."""
        return {one["uri"]: one for one in await self._list("resources/list", "resources")}

    async def templates(self) -> dict[str, Json]:
        """The resource templates that are listed, by template."""
        found = await self._list("resources/templates/list", "resourceTemplates")
        return {template["uriTemplate"]: template for template in found}

    async def prompts(self) -> dict[str, Json]:
        """The prompts that are listed, by name."""
        return {prompt["name"]: prompt for prompt in await self._list("prompts/list", "prompts")}

    # --- questions and changes --------------------------------------------------

    def answer(
        self,
        *,
        elicitation: Elicitation | Callable[[Json], Elicitation] | None = None,
        sampling: Sampling | Callable[[Json], Sampling] | None = None,
        roots: Roots | Callable[[Json], Roots] | None = None,
    ) -> None:
        """
        Prepare answers: a value for every question of a kind, or a function.

        A form is answered with a dictionary, or with "decline" or "cancel"; a
        page to visit with True; the client's model with a text; roots with URIs.
        """
        self._answers.prepare(elicitation=elicitation, sampling=sampling, roots=roots)

    @property
    def asked(self) -> list[Asked]:
        """The questions that the server has asked, in order."""
        return self._answers.asked

    def listen(self, *kinds: Kind, resources: Sequence[str] = ()) -> Listener:
        """Listen to changes of lists ("tools", "resources", "prompts") and of resources."""
        return Listener(self.connect, kinds, resources)

    # --- others -----------------------------------------------------------------

    def as_user(self, user: Any) -> Client:
        """A client like this one, of a user; None for nobody. Nothing is prepared to answer."""
        return Client(
            self.site,
            self._path,
            revision=self.revision,
            token=self.site.admit(user),
            capabilities=self._capabilities,
            log_level=self._log_level,
            check=self._check,
        )

    # --- the wire ---------------------------------------------------------------

    async def connect(self) -> ModernClient | LegacyClient:
        """The client below, which shows every message; it has shaken hands if it has to."""
        async with self._connecting:
            if isinstance(self._wire, LegacyClient) and not self._wire.initialized:
                await self._wire.connect()
                await self._set_log_level(self._wire)
        return self._wire

    async def ask(self, method: str, params: Mapping[str, Any] | None = None) -> Reply:
        """Send a request and answer what the server asks meanwhile; the whole reply."""
        wire = await self.connect()
        self._asked += 1
        meta: Json = {"progressToken": f"progress-{self._asked}"}
        if isinstance(wire, ModernClient):
            meta[LOG_LEVEL] = self._log_level
        return await wire.request(method, params, meta=meta)

    def _make_wire(self, token: str) -> ModernClient | LegacyClient:
        options: dict[str, Any] = {
            "token": token,
            "capabilities": self._capabilities,
            "answer": self._answers,
            "check": self._check,
        }
        if self.revision == MODERN_REVISION:
            return ModernClient(self.site.http, self._path, **options)
        return LegacyClient(self.site.http, self._path, self.revision, **options)

    async def _set_log_level(self, wire: LegacyClient) -> None:
        if self._log_level and "logging" in wire.initialized["capabilities"]:
            _ = (await wire.ask("logging/setLevel", {"level": self._log_level})).result

    async def _list(self, method: str, member: str) -> list[Json]:
        found: list[Json] = []
        params: Json = {}
        for _ in range(MAX_PAGES):
            result = (await self.ask(method, params)).result
            found += result[member]
            if "nextCursor" not in result:
                return found
            params = {"cursor": result["nextCursor"]}
        raise AssertionError(f"{method} has pages without end.")


def told_by(reply: Reply) -> dict[str, Any]:
    """The members of a result record. Raises Refusal."""
    said = [n for one in (*reply.earlier, reply) for n in one.notifications]
    return {"raw": reply.result, "progress": progress_of(said), "log": log_of(said)}


def ref_of(entry: str) -> Json:
    """What is completed: the name of a prompt has no colon, and every URI has one."""
    if ":" in entry:
        return {"type": "ref/resource", "uri": entry}
    return {"type": "ref/prompt", "name": entry}
