"""
One server of others that is spoken to, in the way that it wants.

One that is stateless is told with every request who asks, and what it wants to
know comes as a result, which is answered by asking again. All others begin
with a handshake.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from mcp_transport.protocol.errors import ProtocolError
from mcp_transport.protocol.jsonrpc import Notification, Request
from mcp_transport.protocol.revisions import LEGACY, R2026_07_28
from mcp_transport.protocol.routing import (
    CLIENT_CAPABILITIES,
    CLIENT_INFO,
    LOG_LEVEL,
    PROTOCOL_VERSION,
    SERVER_INFO,
)
from mcp_transport.sources.foreign.conversation import Conversation, Hearer
from mcp_transport.sources.foreign.errors import Answered, Away
from mcp_transport.sources.foreign.origin import Origin
from mcp_transport.version import __version__

MAX_PAGES = 200  # of one list
MAX_LISTED = 5000  # entries of one list
MAX_FOLLOWED = 1000  # resources whose changes one is asked to tell
MAX_ROUNDS = 20  # of questions, for one call
KINDS = ("tools", "resources", "prompts")

Json = dict[str, Any]
Heed = Callable[["Peer", Notification], None]


class Peer(Conversation):
    """A server of others that has said what it can do."""

    def __init__(self, origin: Origin, heed: Heed) -> None:
        super().__init__(origin)
        self.capabilities: Json = {}
        self.identity: Any = None  # who it says it is
        self._envelope: Json = {}  # what every request to one that is stateless says
        self._followed: set[str] = set()
        self._heed = heed

    @abstractmethod
    async def greet(self) -> None:
        """Find out how it is spoken to, and what it can do. Raises ForeignError."""

    @abstractmethod
    def _follow(self, uri: str) -> None:
        """Ask to be told when one more resource changes."""

    def heed(self, told: Notification) -> None:
        """See Conversation.heed()."""
        self._heed(self, told)

    async def list(self, method: str, member: str) -> list[Json]:
        """Every item of a list, from all its pages. Raises ForeignError."""
        found: list[Json] = []
        cursor: Any = None
        for _ in range(MAX_PAGES):
            params = {} if cursor is None else {"cursor": cursor}
            page = await self.request(method, params)
            items = page.get(member)
            if isinstance(items, list):
                found += (item for item in items if isinstance(item, dict))
            before, cursor = cursor, page.get("nextCursor")
            if cursor is None or cursor == before or len(found) >= MAX_LISTED:
                break
        return found[:MAX_LISTED]

    async def request(self, method: str, params: Json, hearer: Hearer | None = None) -> Json:
        """Ask for something, and answer what has to be known for it; see exchange()."""
        given = params
        for _ in range(MAX_ROUNDS):
            answer = await self.exchange(method, self._enveloped(given), hearer)
            if answer.get("resultType") != "input_required":
                return answer
            given = {**params, **await self._answers(answer, hearer)}
        raise Answered(0, f"{self.name} asks without end.")

    def follow(self, uri: str) -> None:
        """Ask to be told when a resource changes, if that can be; once."""
        resources = self.capabilities.get("resources")
        can_tell = isinstance(resources, dict) and resources.get("subscribe") is True
        if can_tell and uri not in self._followed and len(self._followed) < MAX_FOLLOWED:
            self._followed.add(uri)
            self._follow(uri)

    async def _shake_hands(self) -> str:
        """Begin as all revisions before 2026-07-28 do; the one that was agreed on."""
        agreed = await self.exchange("initialize", self._introduction())
        revision = agreed.get("protocolVersion")
        if not isinstance(revision, str) or revision not in LEGACY:
            raise Away(f"{self.name} speaks a revision that is not known here.")
        self._note(agreed, agreed.get("serverInfo"))
        return revision

    async def _discover(self) -> Json:
        """What it answers as one that is stateless (2026-07-28, server/discover)."""
        return await self.exchange("server/discover", {"_meta": self._introduction_of_each()})

    def _be_stateless(self, found: Json) -> bool:
        """Speak as one that is stateless wants it, if it knows the revision that is known here."""
        served = found.get("supportedVersions")
        if not isinstance(served, list) or R2026_07_28.name not in served:
            return False
        self._envelope = self._introduction_of_each()
        meta = found.get("_meta")
        self._note(found, meta.get(SERVER_INFO) if isinstance(meta, dict) else None)
        return True

    def _introduction(self) -> Json:
        return {
            "protocolVersion": LEGACY[0],
            "capabilities": self._declared(),
            "clientInfo": {"name": "mcp-transport", "version": __version__},
        }

    def _introduction_of_each(self) -> Json:
        return {
            PROTOCOL_VERSION: R2026_07_28.name,
            CLIENT_CAPABILITIES: self._declared(),
            CLIENT_INFO: {"name": "mcp-transport", "version": __version__},
            LOG_LEVEL: "info",
        }

    def _declared(self) -> Json:
        declared: Json = {}
        if self.origin.questions:
            declared |= {"elicitation": {"form": {}, "url": {}}, "sampling": {}}
        if self.origin.roots:
            declared["roots"] = {}
        return declared

    def _note(self, said: Json, identity: Any) -> None:
        capabilities = said.get("capabilities")
        self.capabilities = capabilities if isinstance(capabilities, dict) else {}
        self.identity = identity

    def _wanted(self) -> Json:
        """What one that is stateless is asked to tell of its lists."""
        return {f"{kind}ListChanged": True for kind in KINDS if kind in self.capabilities}

    def _enveloped(self, params: Json) -> Json:
        return {**params, "_meta": self._envelope} if self._envelope else params

    async def _answers(self, asking: Json, hearer: Hearer | None) -> Json:
        """What the next round carries (2026-07-28, basic/patterns/mrtr). Raises ForeignError."""
        asked = asking.get("inputRequests")
        answers: Json = {}
        for key, question in (asked if isinstance(asked, dict) else {}).items():
            answers[key] = await self._answer_one(question, hearer)
        carried: Json = {"inputResponses": answers}
        if asking.get("requestState") is not None:
            carried["requestState"] = asking["requestState"]
        return carried

    async def _answer_one(self, question: Any, hearer: Hearer | None) -> Json:
        method = question.get("method") if isinstance(question, dict) else None
        params = question.get("params") if isinstance(question, dict) else None
        if method == "roots/list" and self.origin.roots:
            return self.roots()
        if hearer is None:
            raise Answered(0, f"{self.name} asks where nobody can be asked.")
        try:
            given = params if isinstance(params, dict) else {}
            return await hearer.answer(Request(0, str(method), given))
        except ProtocolError as error:
            raise Answered(error.code, error.message) from None
