"""Deletion of calls, up to checkpoints."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pytest
from django.utils import timezone
from pytest_django import Settings

from mcp_transport.audit import retention
from mcp_transport.audit.checkpoints import is_genuine, sign
from mcp_transport.audit.retention import cut, delete_old_calls, seal_dead_chains
from mcp_transport.audit.verification import verify
from mcp_transport.models import AuditCheckpoint, Call, Worker
from tests.audit.chains import Chain, row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_limits(settings: Settings) -> None:
    settings.MCP_CALL_LIFETIME_DAYS = None
    settings.MCP_CALL_LIMIT = None


def left(worker: str = "w1") -> list[int]:
    calls = Call.objects.filter(worker=worker).order_by("sequence")
    return list(calls.values_list("sequence", flat=True))


def make_chain(worker: str = "w1", *, ages: Sequence[float]) -> Chain:
    """Two rows and a checkpoint so many days ago, for each age, and a row behind them."""
    chain = Chain(worker)
    for age in ages:
        chain.write(row(), row()).vouch()
        checkpoint = AuditCheckpoint.objects.latest("id")
        checkpoint.created_at = timezone.now() - datetime.timedelta(days=age)
        sign(checkpoint)
        checkpoint.save()
    return chain.write(row())


def make_worker(worker: str, *, seen: float, ended: bool = False) -> None:
    at = timezone.now() - datetime.timedelta(minutes=seen)
    Worker.objects.create(
        id=worker, hostname="h", pid=1, started_at=at, seen_at=at, ended_at=at if ended else None
    )


def test_without_limits_every_call_is_kept() -> None:
    make_chain(ages=[1000])
    assert delete_old_calls() == 0
    assert left() == [1, 2, 3]


def test_calls_go_up_to_the_newest_checkpoint_that_is_old_enough(settings: Settings) -> None:
    settings.MCP_CALL_LIFETIME_DAYS = 10
    make_chain(ages=[30, 20, 5])
    assert delete_old_calls() == 4
    assert left() == [5, 6, 7]
    assert verify("w1").broken is None
    kept = AuditCheckpoint.objects.order_by("sequence")
    assert [(c.sequence, c.is_cut, is_genuine(c)) for c in kept] == [
        (4, True, True),
        (6, False, True),
    ]
    assert delete_old_calls() == 0


def test_calls_above_the_limit_go_the_oldest_first(settings: Settings) -> None:
    settings.MCP_CALL_LIMIT = 6
    make_chain("w1", ages=[9, 4])
    make_chain("w2", ages=[7, 2])
    assert delete_old_calls() == 4
    assert (left("w1"), left("w2")) == ([3, 4, 5], [3, 4, 5])
    assert verify("w1").broken is None
    assert delete_old_calls() == 0


def test_rows_that_no_checkpoint_counts_are_kept_whatever_the_limit(settings: Settings) -> None:
    settings.MCP_CALL_LIMIT = 0
    make_chain(ages=[9])
    assert delete_old_calls() == 2
    assert left() == [3]


def test_more_rows_than_a_batch_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    Chain().write(*[row() for _ in range(5)]).vouch()
    assert cut(AuditCheckpoint.objects.get()) == 5
    assert left() == []


def test_a_forged_checkpoint_deletes_nothing(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MCP_CALL_LIFETIME_DAYS = 10
    make_chain(ages=[1])
    long_ago = timezone.now() - datetime.timedelta(days=100)
    AuditCheckpoint.objects.update(created_at=long_ago)
    assert delete_old_calls() == 0
    assert left() == [1, 2, 3]
    assert "their checkpoint is forged" in caplog.text


def test_the_chain_of_a_process_that_was_killed_is_sealed() -> None:
    make_chain("killed", ages=[1])
    make_chain("alive", ages=[1])
    make_chain("just silent", ages=[1])
    make_worker("killed", seen=11)
    make_worker("alive", seen=0)
    make_worker("just silent", seen=9)
    Chain("ended").write(row()).vouch()
    make_worker("ended", seen=1, ended=True)
    make_worker("idle", seen=100)
    assert seal_dead_chains() == 1
    assert verify("killed").vouched_for == 3
    assert verify("alive").vouched_for == 2
    assert seal_dead_chains() == 0


def test_rows_that_were_changed_are_not_sealed(caplog: pytest.LogCaptureFixture) -> None:
    make_chain("killed", ages=[1])
    make_worker("killed", seen=11)
    Call.objects.filter(sequence=3).update(entry="other")
    assert seal_dead_chains() == 0
    assert "Row 3 of killed is not vouched for: it was changed." in caplog.text


def test_nothing_is_left_of_a_process_that_is_long_gone_with_its_rows() -> None:
    for worker in ("gone", "idle"):
        Chain(worker).write(row()).vouch()
        cut(AuditCheckpoint.objects.get(worker=worker))
    make_worker("idle", seen=0)
    delete_old_calls()
    assert [checkpoint.worker for checkpoint in AuditCheckpoint.objects.all()] == ["idle"]
