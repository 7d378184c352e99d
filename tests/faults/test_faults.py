"""The faults in short; ``make faults`` runs them in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import ending, leaving, rolling, stalling
from tests.faults.finding import Finding

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]


def check(found: list[Finding]) -> None:
    """Every line of the report is as it has to be."""
    assert found
    assert [finding for finding in found if not finding.is_good] == []


async def test_clients_that_leave_leave_nothing_behind(tmp_path: Path) -> None:
    check(await leaving.run(tmp_path, cycles=200))


async def test_a_client_that_reads_nothing_costs_little_and_is_cut_off(tmp_path: Path) -> None:
    check(await stalling.run(tmp_path, stall=3))


async def test_a_process_that_is_told_to_stop_keeps_its_promises(tmp_path: Path) -> None:
    check(await ending.run(tmp_path))


async def test_no_call_fails_while_processes_are_replaced(tmp_path: Path) -> None:
    check(await rolling.run(tmp_path, calls=500))
