"""The faults in short; ``make faults`` runs them in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster import running_cluster
from tests.faults import broker_away, ending, leaving, many, rolling, stalling
from tests.faults.finding import Finding
from tests.settings import DATABASE_URL

pytestmark = [
    pytest.mark.server,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(DATABASE_URL), reason="has databases of its own; once is enough"),
]


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


async def test_redis_may_go_and_come_back(tmp_path: Path) -> None:
    with running_cluster() as cluster:
        check(await broker_away.run(tmp_path, cluster.url, seconds=5))


async def test_processes_owe_each_others_clients_the_same(tmp_path: Path) -> None:
    with running_cluster() as cluster:
        check(await many.run(tmp_path, cluster.url))
