"""
Finds out how many clients were told of an operator's change.

The change and its announcement are one transaction; the worker processes
hear of it over the bus, compare what their listeners see, and write down
whom they have told. A process that nobody can wake reports nothing, and the
operator is told that.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import IntegrityError

from mcp_transport.models import Announcement, Report, Server, Worker
from mcp_transport.storage.rows import RowPool
from mcp_transport.streams.hub import Hub

PATIENCE = 1.5  # seconds an operator waits for reports
LOOK_INTERVAL = 0.05
RECENT = 2.0  # seconds in which what a listener was told is counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How many clients were told, and by whom."""

    told: int = 0
    listening: int = 0
    workers: int = 0  # that run
    answered: int = 0

    def __str__(self) -> str:
        if not self.workers:
            return "No worker process runs, so nobody had to be told."
        if not self.answered:
            return "The worker processes have not said yet whom they told."
        clients = f"{self.told} live session{'' if self.told == 1 else 's'}"
        verb = "was" if self.told == 1 else "were"
        silent = self.workers - self.answered
        rest = f"; {silent} of {self.workers} worker processes did not answer yet"
        return f"{clients} {verb} notified{rest if silent > 0 else ''}."


def announce(server: Server) -> Announcement:
    """Ask the worker processes to say whom they tell; call it in the change's transaction."""
    return Announcement.objects.create(server=server)


def wait_for_reports(announcement: Announcement, patience: float = PATIENCE) -> Told:
    """Gather what the worker processes say, for as long as somebody may be expected to wait."""
    workers = set(Worker.objects.living().values_list("pk", flat=True))
    until = time.monotonic() + patience
    while True:
        reports = list(announcement.reports.all())
        if workers <= {report.worker for report in reports} or time.monotonic() >= until:
            return Told(
                told=sum(report.told for report in reports),
                listening=sum(report.listening for report in reports),
                workers=len(workers),
                answered=len(reports),
            )
        # In a thread of the admin or the API, never on the loop.
        time.sleep(LOOK_INTERVAL)


async def report(announcement_id: str, *, rows: RowPool, hub: Hub, worker_id: str) -> None:
    """Write down whom this process has told of a change."""
    server_id = await rows.read(_server_of, announcement_id)
    listeners = [] if server_id is None else hub.listeners(server_id)
    since = time.monotonic() - RECENT
    told = sum(listener.told_at >= since for listener in listeners)
    await rows.run(_write, announcement_id, worker_id, told, len(listeners))


def _server_of(announcement_id: str) -> int | None:
    found = Announcement.objects.filter(pk=announcement_id)
    return found.values_list("server_id", flat=True).first()


def _write(announcement_id: str, worker_id: str, told: int, listening: int) -> None:
    try:
        Report.objects.create(
            announcement_id=announcement_id, worker=worker_id, told=told, listening=listening
        )
    except IntegrityError:  # the server was deleted meanwhile
        return
