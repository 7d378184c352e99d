"""Signed statements of how far a chain was."""

from __future__ import annotations

import datetime
import logging
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from mcp_transport.audit.checkpoints import is_genuine
from mcp_transport.models import AuditCheckpoint, Call
from tests.audit.chains import Chain, execute, row

pytestmark = pytest.mark.django_db


def test_a_checkpoint_names_the_newest_row_and_is_signed() -> None:
    Chain().write(row("a"), row("b")).vouch()
    checkpoint = AuditCheckpoint.objects.get()
    assert (checkpoint.worker, checkpoint.sequence) == ("w1", 2)
    assert checkpoint.digest == Call.objects.get(sequence=2).digest
    assert is_genuine(checkpoint)


@pytest.mark.parametrize(
    "change",
    [
        {"worker": "w2"},
        {"sequence": 1},
        {"digest": "0" * 64},
        {"created_at": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)},
        {"is_cut": True},
        {"signature": "0" * 64},
    ],
)
def test_nothing_of_a_checkpoint_can_be_changed(change: dict[str, Any]) -> None:
    Chain().write(row(), row()).vouch()
    AuditCheckpoint.objects.update(**change)
    assert not is_genuine(AuditCheckpoint.objects.get())


def test_a_checkpoint_outlives_a_change_of_the_key(settings: Settings) -> None:
    Chain().write(row()).vouch()
    checkpoint = AuditCheckpoint.objects.get()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert is_genuine(checkpoint)
    settings.SECRET_KEY_FALLBACKS = []
    assert not is_genuine(checkpoint)


def test_a_chain_that_has_not_grown_gets_no_other_checkpoint() -> None:
    chain = Chain().vouch()
    assert not AuditCheckpoint.objects.exists()
    chain.write(row()).vouch().vouch()
    assert AuditCheckpoint.objects.count() == 1
    assert chain.checkpoint.rows_since == 0
    assert chain.write(row(), row()).checkpoint.rows_since == 2


def test_a_checkpoint_counts_the_rows_of_its_own_transaction() -> None:
    chain = Chain()
    with transaction.atomic():
        chain.insert.execute(connection, [row()], is_repeated=False)
        chain.checkpoint.execute(connection, [()], is_repeated=False)
    chain.insert.committed()
    chain.checkpoint.committed()
    assert AuditCheckpoint.objects.get().sequence == 1


def test_a_checkpoint_that_was_rolled_back_is_made_by_the_next() -> None:
    chain = Chain().write(row())
    chain.checkpoint.rolled_back()
    assert chain.checkpoint.rows_since == 1
    execute(chain.checkpoint, ())
    execute(chain.checkpoint, (), is_repeated=True)
    chain.checkpoint.committed()
    assert AuditCheckpoint.objects.count() == 1


def test_a_checkpoint_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    chain = Chain().write(row())
    with caplog.at_level(logging.INFO, "mcp_transport.audit"):
        chain.vouch()
    digest = Call.objects.get().digest
    assert [record.getMessage() for record in caplog.records] == [f"Checkpoint: w1 1 {digest}"]
