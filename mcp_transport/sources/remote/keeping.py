"""Who keeps one remote server: its sessions, what it lists, and how it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcp_transport.engine.source import Health, Tell
from mcp_transport.protocol.errors import HEADER_MISMATCH
from mcp_transport.registry.records import HeaderParameter
from mcp_transport.sources.foreign.conversation import Hearer
from mcp_transport.sources.foreign.errors import Answered
from mcp_transport.sources.foreign.keeping import LISTING, SHARED, Keeper
from mcp_transport.sources.foreign.listing import Known
from mcp_transport.sources.foreign.peer import Json
from mcp_transport.sources.foreign.pool import Pool, Prepare
from mcp_transport.sources.remote.following import Follower
from mcp_transport.sources.remote.session import Era, Session
from mcp_transport.sources.remote.shielding import Bulkhead
from mcp_transport.sources.remote.upstreams import Upstream
from mcp_transport.sources.remote.way import Way

LASTING = frozenset({SHARED, LISTING})  # the sessions by which changes are heard


class UpstreamKeeper(Keeper[Session]):
    """Keeps the list of one remote server, and its sessions."""

    origin: Upstream
    longest_pause = 10.0  # each attempt costs a request alone

    def __init__(self, origin: Upstream, known: Known, tell: Tell) -> None:
        self.way = Way(origin)
        self._era = Era()
        self._bulkhead = Bulkhead(origin.max_calls, patience=origin.start_timeout, name=origin.name)
        self._follower: Follower | None = None
        self._parameters_at = -1  # the generation of the lists from which they are
        self._parameters: dict[str, Sequence[HeaderParameter]] = {}
        super().__init__(origin, known, tell)

    async def make(self, key: str, given: Mapping[str, str]) -> Session:
        """See Keeper.make()."""
        return Session(
            self.way,
            self.heed,
            era=self._era,
            parameters=self.parameters,
            is_followed=key in LASTING,
        )

    async def ask(
        self,
        method: str,
        params: Json,
        hearer: Hearer,
        *,
        key: str,
        is_kept: bool,
        prepare: Prepare | None,
    ) -> Json:
        """See Keeper.ask(); a few at once."""
        async with self._bulkhead.place():
            try:
                return await super().ask(
                    method, params, hearer, key=key, is_kept=is_kept, prepare=prepare
                )
            except Answered as error:
                if error.code == HEADER_MISMATCH:  # the schema that says which may be another now
                    self.want_list()
                raise

    def parameters(self, name: str) -> Sequence[HeaderParameter]:
        """The arguments of a tool, by its own name, that are repeated in headers."""
        if self._parameters_at != self._known.generation:
            self._parameters_at = self._known.generation
            tools = self._known.entries([self.origin]).tools
            self._parameters = {tool.own_name: tool.headers for tool in tools}
        return self._parameters.get(name, ())

    def note_begin(self, peer: Session) -> None:
        """See Keeper.note_begin()."""
        super().note_begin(peer)
        if peer.is_followed:
            self._follower, before = Follower(peer, changed=self.want_list), self._follower
            if before is not None:
                self.own(before.stop())

    def interval(self) -> float | None:
        """See Keeper.interval(); some have a stream and tell nothing on it."""
        return self.origin.refresh

    def health(self) -> Health:
        """See Keeper.health()."""
        breaker = self.way.breaker
        if breaker.wait:
            text = f"It does not answer; it is tried again in {breaker.words}."
            return Health(owner=self.origin.owner, is_well=False, text=text)
        return super().health()

    def state(self) -> str:
        """See Keeper.state()."""
        peers = self.pool.peers
        revision = next((peer.revision for peer in peers if peer.revision), "2026-07-28")
        calls = self._bulkhead.running
        return f"{revision}, {calls} of {self.origin.max_calls} calls"

    async def stop(self) -> None:
        """See Keeper.stop()."""
        if self._follower is not None:
            await self._follower.stop()
        await super().stop()
        await self.way.close()

    def _make_pool(self) -> Pool[Session]:
        # How long it is left alone is the breaker's to say.
        return Pool(self.origin, self.make, self.note_begin, lasting=LASTING, first_pause=0.0)
