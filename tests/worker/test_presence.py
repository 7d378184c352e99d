"""That a worker process lives, whatever the clocks of hosts say."""

from __future__ import annotations

import datetime
import time

import pytest
import time_machine
from asgiref.sync import sync_to_async
from django.db import IntegrityError, connection
from django.utils import timezone

from mcp_transport.audit.retention import seal_dead_chains
from mcp_transport.models import Server, Session, Stream, Worker
from mcp_transport.models import worker as worker_module
from mcp_transport.streams.orphans import end_orphans
from mcp_transport.worker import presence
from mcp_transport.worker.cleanup import delete_ended_workers
from mcp_transport.worker.lifespan import runtime
from mcp_transport.worker.presence import (
    Arrival,
    DatabaseClock,
    Departure,
    Heartbeat,
    read_ahead,
)

LIMIT = 5.0
HOUR = datetime.timedelta(hours=1)
SKEWS = pytest.mark.parametrize("skew", [HOUR, -HOUR], ids=["ahead", "behind"])


def elsewhere(skew: datetime.timedelta) -> time_machine.travel:
    """A host whose clock is wrong by so much."""
    return time_machine.travel(timezone.now() + skew, tick=True)


def show(statement: type[Heartbeat | Arrival | Departure], *names: str) -> None:
    statement("").execute(connection, [(name,) for name in names], is_repeated=False)


def living() -> set[str]:
    return set(Worker.objects.living().values_list("pk", flat=True))


@SKEWS
@pytest.mark.django_db
def test_a_process_lives_whatever_its_clock_says(
    skew: datetime.timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    with elsewhere(skew):
        show(Arrival, "w")
    assert living() == {"w"}
    with elsewhere(skew):
        show(Heartbeat, "w")
    assert living() == {"w"}
    monkeypatch.setattr(worker_module, "SILENCE", datetime.timedelta(0))
    assert living() == set()  # also one whose clock is ahead


@SKEWS
@pytest.mark.django_db
def test_who_looks_may_have_a_wrong_clock(skew: datetime.timedelta) -> None:
    show(Arrival, "w", "ended")
    show(Departure, "ended")
    with elsewhere(skew * 30):
        assert living() == {"w"}
        assert delete_ended_workers() == 0
        assert seal_dead_chains() == 0


@SKEWS
@pytest.mark.django_db(transaction=True)
async def test_a_host_with_a_wrong_clock_keeps_its_streams(skew: datetime.timedelta) -> None:
    server = await Server.objects.acreate(slug="main")
    session = await Session.objects.acreate(
        server=server, owner="anonymous", revision="2025-11-25", last_seen_at=timezone.now()
    )
    run = runtime()
    with elsewhere(skew):
        await run.start()
        await run.chores._beat()
        await run.writer.flush(LIMIT)
    await Stream.objects.acreate(
        id="a", session=session, worker=run.worker_id, opened_at=timezone.now()
    )
    assert await sync_to_async(end_orphans)("another") == []
    assert (await Stream.objects.aget()).closed_at is None
    with elsewhere(skew):
        await run.stop()
    assert await sync_to_async(living)() == set()


@pytest.mark.django_db
def test_an_arrival_that_is_written_once_more_is_passed_over() -> None:
    arrival = Arrival("")
    arrival.execute(connection, [("w",)], is_repeated=False)
    arrival.execute(connection, [("w",)], is_repeated=True)
    assert str(Worker.objects.get()).endswith(f":{Worker.objects.get().pid}")


@pytest.mark.django_db(transaction=True)
def test_two_processes_do_not_have_the_same_id() -> None:
    show(Arrival, "w")
    with pytest.raises(IntegrityError):
        show(Arrival, "w")


@pytest.mark.django_db
def test_the_database_s_clock_is_read_and_not_the_host_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    show(Arrival, "w")
    ahead = read_ahead("w")
    assert ahead is not None
    assert ahead == pytest.approx(time.time() - time.monotonic(), abs=60)
    with elsewhere(HOUR):
        assert read_ahead("w") == pytest.approx(ahead, abs=60)
    assert read_ahead("nobody") is None
    monkeypatch.setattr(presence, "SLOW", -1.0)
    assert read_ahead("w") is None


def test_a_jump_of_the_clock_is_told_and_makes_it_unsteady(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = DatabaseClock()
    assert clock.is_steady(100.0, 5.0)
    assert clock.is_steady(100.5, 5.0)
    assert not clock.is_steady(None, 5.0)
    assert not clock.is_steady(160.5, 5.0)
    assert "jumped by 60.0 seconds" in caplog.text
    assert not clock.is_steady(160.5, 5.0)
    assert clock.is_steady(160.5, 0.0)
