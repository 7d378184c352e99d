"""Tests of ``mcp rollup``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from mcp_transport.audit import words
from mcp_transport.audit.rollups import step
from mcp_transport.management.subcommands import rollup
from mcp_transport.models import Rollup, SearchProgress
from tests.audit.called import call_at


def test_the_sums_are_brought_up_to_date(
    transactional_db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_at(datetime.now(UTC) - timedelta(minutes=10))
    call_command("mcp", "rollup")
    assert "1 minutes and hours summed up" in capsys.readouterr().out
    assert Rollup.objects.exists()


def test_the_index_of_words_is_built_to_its_end(
    transactional_db: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "BATCH", 2)
    monkeypatch.setattr(rollup, "STEP", 0.0)
    now = datetime.now(UTC)
    last = [call_at(now - timedelta(seconds=number)) for number in range(5)][-1]
    call_command("mcp", "rollup")
    told = capsys.readouterr()
    assert "5 calls taken into the index of words" in told.out
    assert told.err.splitlines() == ["2/5 calls", "4/5 calls", "5/5 calls"]
    assert SearchProgress.objects.get().indexed_id == last.pk
    call_command("mcp", "rollup")
    told = capsys.readouterr()
    assert ("0 calls taken into" in told.out, told.err) == (True, "")


def test_a_worker_process_goes_on_when_it_has_ended(transactional_db: None) -> None:
    call_command("mcp", "rollup")
    assert step("a worker", datetime.now(UTC)) is not None


def test_calls_that_take_long_to_be_written_are_left_to_the_next(
    transactional_db: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_alias: str) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(words, "_settle", refuse)
    call_at(datetime.now(UTC))
    call_command("mcp", "rollup")
    told = capsys.readouterr()
    assert "0 calls taken into" in told.out
    assert "takes them in later" in told.err


def test_a_worker_process_that_is_at_it_is_left_alone(db: None) -> None:
    step("a worker", datetime.now(UTC))
    with pytest.raises(CommandError, match="A worker process is at it"):
        call_command("mcp", "rollup")
