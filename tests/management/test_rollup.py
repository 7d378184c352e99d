"""Tests of ``mcp rollup``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from mcp_transport.audit.rollups import step
from mcp_transport.models import Rollup
from tests.audit.called import call_at


def test_the_sums_are_brought_up_to_date(
    transactional_db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_at(datetime.now(UTC) - timedelta(minutes=10))
    call_command("mcp", "rollup")
    assert "1 minutes and hours summed up" in capsys.readouterr().out
    assert Rollup.objects.exists()


def test_a_worker_process_that_is_at_it_is_left_alone(db: None) -> None:
    step("a worker", datetime.now(UTC))
    with pytest.raises(CommandError, match="A worker process is at it"):
        call_command("mcp", "rollup")
