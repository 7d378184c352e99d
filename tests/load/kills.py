"""
Kills a server again and again under load, and counts what is missing.

    python -m tests.load.kills --kills 100
    python -m tests.load.kills --kills 100 --database postgresql

In durable mode every answer that a client received has its row: the rows are
compared with the answers by request id and tool. Exits with 1 if one is
missing, there twice, or if the record does not verify.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.cluster import running_cluster
from tests.load.clients import Load
from tests.process import Folder, Process

CLIENTS = 32
LEAST = 2  # kills, however long they take
SHORTEST, LONGEST = 0.2, 0.8  # seconds from the first answer to the kill
ROWS = "SELECT request_id, entry FROM mcp_transport_call WHERE method = 'tools/call'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a run found."""

    database: str
    kills: int
    clients: int
    answers: int  # received in full by a client
    rows: int
    missing: int  # answers without a row
    repeated: int  # requests with more than one row
    unheard: int  # rows whose answer did not get through
    refused: int  # answers other than 200
    lost_sessions: int
    broken_chains: int
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether nothing that was promised is missing."""
        return not (self.missing or self.repeated or self.lost_sessions or self.broken_chains)


async def kill_again_and_again(
    folder: Folder, kills: int, database: str, *, within: float
) -> Count:
    """Start, load, kill; so often, or until so many seconds are over; and count."""
    begun = time.monotonic()
    process = Process(folder)
    load = Load(process.port, CLIENTS)
    try:
        async with load.running():
            done = 0
            while done < kills and (done < LEAST or time.monotonic() - begun < within):
                await process.start()
                await _load_until_kill(load, process)
                done += 1
            await process.start()
            load.is_up.set()
        process.terminate()
        await process.ended(within=30)
    finally:
        process.close()
    return _count(folder, load, done, database, time.monotonic() - begun)


async def _load_until_kill(load: Load, process: Process) -> None:
    before = len(load.answered)
    load.is_up.set()
    async with asyncio.timeout(60):
        while len(load.answered) == before:  # noqa: ASYNC110 - the first answer after a start
            await asyncio.sleep(0.01)
    await asyncio.sleep(random.uniform(SHORTEST, LONGEST))
    load.is_up.clear()
    process.kill()


def _count(folder: Folder, load: Load, kills: int, database: str, seconds: float) -> Count:
    found = folder.rows(ROWS)
    rows = set(found)
    answers = set(load.answered.items())
    chains = json.loads(folder.manage("mcp", "audit", "verify", "--json"))
    return Count(
        database=database,
        kills=kills,
        clients=CLIENTS,
        answers=len(answers),
        rows=len(found),
        missing=len(answers - rows),
        repeated=len(found) - len({request_id for request_id, _tool in found}),
        unheard=len(rows - answers),
        refused=sum(load.statuses.values()) - load.statuses[200],
        lost_sessions=load.lost_sessions,
        broken_chains=sum(chain["broken"] is not None for chain in chains),
        seconds=round(seconds, 1),
    )


def run(kills: int, database: str, *, within: float = math.inf) -> Count:
    """Make a site in a folder of its own and kill it so often."""
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mcp-kills-")))
        url = ""
        if database == "postgresql":
            url = stack.enter_context(running_cluster()).url
        folder = Folder(path, url).prepare()
        return asyncio.run(kill_again_and_again(folder, kills, database, within=within))


def main() -> int:
    """Run and print the counts; the exit status."""
    parser = argparse.ArgumentParser(description="Kill a server under load; count lost rows.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    wanted = parser.parse_args()
    found = run(wanted.kills, wanted.database)
    for name, value in asdict(found).items():
        print(f"{name.replace('_', ' '):<14} {value}")  # noqa: T201 - what the command is for
    return 0 if found.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
