"""
What each program listed last, for this whole process, and who keeps that new.

A list stands while its program is away: what was there comes back with the
next child. It is one list for all callers, read from a child that works for
none of them, unless all share one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterable
from itertools import chain
from typing import Any

from mcp_transport.engine.source import Health, Tell
from mcp_transport.protocol.jsonrpc import Notification
from mcp_transport.sources.stdio.child import Child
from mcp_transport.sources.stdio.definitions import ForeignEntries, Listed, entries_of
from mcp_transport.sources.stdio.errors import Answered, ChildError
from mcp_transport.sources.stdio.pool import Pool
from mcp_transport.sources.stdio.programs import Program

logger = logging.getLogger("mcp_transport.stdio")

SHARED = "shared"  # the key of the child that all callers have
LISTING = "listing"  # the key of one that no caller has
LEAST_PAUSE = 1.0  # seconds between two looks at what a program lists
LONGEST_PAUSE = 60.0
MAX_TOLD = 100  # resources whose changes are being told

UPDATED = "notifications/resources/updated"
CHANGED = frozenset(
    f"notifications/{kind}/list_changed" for kind in ("tools", "resources", "prompts")
)
# What a child lists: the capability that says so, the method, the member of its result, ours.
LISTS = (
    ("tools", "tools/list", "tools", "tools"),
    ("resources", "resources/list", "resources", "resources"),
    ("resources", "resources/templates/list", "resourceTemplates", "templates"),
    ("prompts", "prompts/list", "prompts", "prompts"),
)


class Known:
    """The lists of every program that this process has looked at."""

    def __init__(self) -> None:
        self.generation = 0
        self._lists: dict[Program, tuple[Listed, ForeignEntries]] = {}
        self._lock = threading.Lock()

    def put(self, program: Program, listed: Listed) -> None:
        """Keep what a program lists now."""
        before = self._lists.get(program)
        if before is not None and before[0] == listed:
            return
        entries = entries_of(program, listed)
        with self._lock:
            self._lists[program] = listed, entries
            self.generation += 1

    def entries(self, programs: Iterable[Program]) -> ForeignEntries:
        """What these programs offer, as far as it is known."""
        found = [self._lists[program][1] for program in programs if program in self._lists]
        return ForeignEntries(
            tools=tuple(chain.from_iterable(one.tools for one in found)),
            resources=tuple(chain.from_iterable(one.resources for one in found)),
            templates=tuple(chain.from_iterable(one.templates for one in found)),
            prompts=tuple(chain.from_iterable(one.prompts for one in found)),
        )


known = Known()


class Keeper:
    """Keeps the list of one program, and its children, while a worker process runs."""

    def __init__(self, program: Program, tell: Tell) -> None:
        self.program = program
        self.pool = Pool(program, self._heed, self._note_begin)
        self._identity: Any = None  # who the one that was listed said it is
        self._tell = tell
        self._trouble = ""  # why it could not be listed last
        self._is_wanted = asyncio.Event()
        self._was_tried = asyncio.Event()
        self._telling: set[asyncio.Task[None]] = set()
        self._running = asyncio.create_task(self._run())
        self._is_wanted.set()

    async def tried(self) -> None:
        """Return when the program was asked for its lists once, whatever came of it."""
        await self._was_tried.wait()

    def health(self) -> Health:
        """Whether the program starts and answers."""
        alias, running = self.program.alias, len(self.pool.children)
        trouble = self.pool.trouble or self._trouble
        if trouble:
            return Health(owner=alias, is_well=False, text=trouble)
        if not self._was_tried.is_set():
            return Health(owner=alias, is_well=False, text="It has not answered yet.")
        count = f"{running} process{'' if running == 1 else 'es'}"
        return Health(owner=alias, is_well=True, text=f"{count} of {self.program.max_children}")

    async def stop(self) -> None:
        """End its children and whatever runs for them."""
        running = [self._running, *self._telling]
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await self.pool.stop()

    async def _run(self) -> None:
        pause = LEAST_PAUSE
        while True:
            await self._is_wanted.wait()
            self._is_wanted.clear()
            try:
                async with asyncio.timeout(self.program.start_timeout + self.program.call_timeout):
                    known.put(self.program, await self._list())
                pause, self._trouble = LEAST_PAUSE, ""
            except (ChildError, TimeoutError) as error:
                self._trouble = str(error) or "It took too long to list what it has."
                logger.debug("MCP_STDIO[%r] could not be listed: %s", self.program.alias, error)
                self._is_wanted.set()
                pause = min(LONGEST_PAUSE, 2 * pause)
            except Exception:
                logger.exception("MCP_STDIO[%r] could not be listed", self.program.alias)
            self._was_tried.set()
            await asyncio.sleep(pause)

    async def _list(self) -> Listed:
        key = SHARED if self.program.is_shared else LISTING
        async with self.pool.lend(key) as child:
            self._identity = child.identity
            self._is_wanted.clear()
            found = {ours: await _items(child, *names) for *names, ours in LISTS}
            return Listed(**found, completes="completions" in child.capabilities)

    def _note_begin(self, child: Child) -> None:
        """Look again where a new child may have another list: a new release, or one that forgot."""
        if self.program.is_shared or (self._identity and child.identity != self._identity):
            self._is_wanted.set()

    def _heed(self, child: Child, told: Notification) -> None:
        """Take what a child says beside its calls."""
        if told.method in CHANGED:
            self._is_wanted.set()
        elif told.method == UPDATED and self.program.is_shared:
            uri = told.params.get("uri")
            if isinstance(uri, str) and len(self._telling) < MAX_TOLD:
                telling = asyncio.create_task(self._pass_on(uri))
                self._telling.add(telling)
                telling.add_done_callback(self._telling.discard)

    async def _pass_on(self, uri: str) -> None:
        with contextlib.suppress(OSError):
            await self._tell(uri)


async def _items(child: Child, capability: str, method: str, member: str) -> list[dict[str, Any]]:
    if capability not in child.capabilities:
        return []
    try:
        return await child.list(method, member)
    except Answered as error:
        logger.debug("MCP_STDIO[%r]: %s: %s", child.program.alias, method, error)
        return []
