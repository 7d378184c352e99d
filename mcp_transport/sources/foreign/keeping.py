"""
Who keeps the list of one server of others new, and has its peers.

What it lists is read from a peer that works for no caller, unless all share
one.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping
from typing import Any, Generic

from mcp_transport.engine.source import Health, Tell
from mcp_transport.protocol.jsonrpc import Notification
from mcp_transport.sources.foreign.conversation import Hearer
from mcp_transport.sources.foreign.definitions import Listed
from mcp_transport.sources.foreign.errors import ForeignError
from mcp_transport.sources.foreign.listing import Known, listed
from mcp_transport.sources.foreign.origin import Origin
from mcp_transport.sources.foreign.peer import MAX_FOLLOWED, Json, Peer
from mcp_transport.sources.foreign.pool import P, Pool, Prepare

SHARED = "shared"  # the key of the peer that all callers have
LISTING = "listing"  # the key of one that no caller has
LEAST_PAUSE = 1.0  # seconds between two looks at what is listed
LONGEST_PAUSE = 60.0
MAX_TOLD = 100  # resources whose changes are being told
READ = "resources/read"

UPDATED = "notifications/resources/updated"
CHANGED = frozenset(
    f"notifications/{kind}/list_changed" for kind in ("tools", "resources", "prompts")
)


class Keeper(ABC, Generic[P]):
    """Keeps the list of one origin, and its peers, while a worker process runs."""

    longest_pause: float = LONGEST_PAUSE  # seconds between two attempts to list

    def __init__(self, origin: Origin, known: Known, tell: Tell) -> None:
        self.origin = origin
        self.pool: Pool[P] = self._make_pool()
        self._known = known
        self._identity: Any = None  # who the one that was listed said it is
        self._tell = tell
        self._trouble = ""  # why it could not be listed last
        self._is_wanted = asyncio.Event()
        self._was_tried = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._followed: set[str] = set()  # resources that were read from the shared peer
        self._running = asyncio.create_task(self._run())
        self._is_wanted.set()

    @abstractmethod
    async def make(self, key: str, given: Mapping[str, str]) -> P:
        """The peer of a key, which has not been greeted, of what was prepared for its owner."""

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
        """Ask the peer of a key for something. Raises ForeignError."""
        async with self.pool.lend(key, is_kept=is_kept, prepare=prepare) as peer:
            answer = await peer.request(method, params, hearer)
            if method == READ and self.origin.is_shared:
                self._follow(peer, params["uri"])  # what others' peers see is not this one's
            return answer

    async def tried(self) -> None:
        """Return when it was asked for its lists once, whatever came of it."""
        await self._was_tried.wait()

    def health(self) -> Health:
        """Whether it can be spoken to, and answers."""
        owner, trouble = self.origin.owner, self.pool.trouble or self._trouble
        if trouble:
            return Health(owner=owner, is_well=False, text=trouble)
        if not self._was_tried.is_set():
            return Health(owner=owner, is_well=False, text="It has not answered yet.")
        return Health(owner=owner, is_well=True, text=self.state())

    @abstractmethod
    def state(self) -> str:
        """How it is, for operators, where nothing is wrong."""

    def interval(self) -> float | None:
        """Seconds until it is looked again at what is listed, unless a change is told first."""
        return None

    async def stop(self) -> None:
        """End its peers and whatever runs for them."""
        running = [self._running, *self._tasks]
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await self.pool.stop()

    def _follow(self, peer: P, uri: str) -> None:
        if len(self._followed) < MAX_FOLLOWED:
            self._followed.add(uri)
        peer.follow(uri)

    def _make_pool(self) -> Pool[P]:
        return Pool(self.origin, self.make, self.note_begin)

    async def _run(self) -> None:
        pause = LEAST_PAUSE
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.interval()):
                    await self._is_wanted.wait()
            self._is_wanted.clear()
            try:
                async with asyncio.timeout(self.origin.start_timeout + self.origin.call_timeout):
                    self._known.put(self.origin, await self._list())
                pause, self._trouble = LEAST_PAUSE, ""
            except (ForeignError, TimeoutError) as error:
                told = error.detail if isinstance(error, ForeignError) else ""
                self._trouble = told or "It took too long to list what it has."
                self.origin.logger.debug("%s could not be listed: %s", self.origin.place, error)
                self._is_wanted.set()
                pause = min(self.longest_pause, 2 * pause)
            except Exception:
                self.origin.logger.exception("%s could not be listed", self.origin.place)
            self._was_tried.set()
            await asyncio.sleep(pause)

    async def _list(self) -> Listed:
        async with self.pool.lend(SHARED if self.origin.is_shared else LISTING) as peer:
            self._identity = peer.identity
            self._is_wanted.clear()
            return await listed(peer)

    def want_list(self) -> None:
        """Look again at what is listed, soon."""
        self._is_wanted.set()

    def note_begin(self, peer: P) -> None:
        """Look again where a new peer may have another list: a new release, or one that forgot."""
        if self.origin.is_shared or (self._identity and peer.identity != self._identity):
            self.want_list()
        for uri in self._followed:
            peer.follow(uri)

    def heed(self, peer: Peer, told: Notification) -> None:
        """Take what a peer says beside its calls."""
        if told.method in CHANGED:
            self.want_list()
        elif told.method == UPDATED and self.origin.is_shared:
            uri = told.params.get("uri")
            # What it was not asked about may be a resource of somebody else.
            is_ours = isinstance(uri, str) and uri in self._followed
            if is_ours and len(self._tasks) < MAX_TOLD:
                self.own(self._pass_on(str(uri)))

    def own(self, work: Coroutine[Any, Any, None]) -> None:
        """See to it that something is done, or ends with the rest."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, uri: str) -> None:
        with contextlib.suppress(OSError):
            await self._tell(uri)
