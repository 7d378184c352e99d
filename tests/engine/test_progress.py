"""Progress: only upwards, only when asked for, never a flood."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_transport.engine import progress as progress_module
from mcp_transport.engine.progress import BURST, RATE, ProgressReporter
from mcp_transport.protocol.jsonrpc import LONGEST_ID
from mcp_transport.protocol.revisions import REVISIONS


class Said:
    """A channel that remembers."""

    keeps_progress = False

    def __init__(self) -> None:
        self.params: list[dict[str, Any]] = []

    async def notify(self, message: bytes) -> None:
        decoded = json.loads(message)
        assert decoded["method"] == "notifications/progress"
        self.params.append(decoded["params"])


def reporter(token: Any = "t", revision: str = "2025-11-25") -> tuple[ProgressReporter, Said]:
    said = Said()
    meta = {} if token is None else {"progressToken": token}
    exchange: Any = SimpleNamespace(meta=meta, channel=said, revision=REVISIONS[revision])
    return ProgressReporter(exchange), said


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time that stands still until it is moved."""
    time = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(progress_module, "time", SimpleNamespace(monotonic=lambda: time.now))
    return time


@pytest.mark.parametrize("token", ["t", 0, 7])
async def test_a_report_names_the_clients_token(token: Any) -> None:
    report, said = reporter(token)
    await report.report(1, 4, "begun")
    assert said.params == [{"progressToken": token, "progress": 1, "total": 4, "message": "begun"}]


@pytest.mark.parametrize("token", [None, True, 1.5, [], {}, "x" * (LONGEST_ID + 1)])
async def test_a_client_without_a_token_is_told_nothing(token: Any) -> None:
    report, said = reporter(token)
    await report.report(1, None, None)
    assert said.params == []


@pytest.mark.parametrize("said", [(float("nan"), None), (float("inf"), 2), (1, float("inf"))])
async def test_progress_that_is_no_number_is_refused(said: tuple[float, float | None]) -> None:
    report, told = reporter()
    with pytest.raises(ValueError, match="finite numbers alone"):
        await report.report(*said, None)
    assert told.params == []


async def test_progress_only_increases() -> None:
    report, said = reporter()
    for value in (1, 5, 3, 5, 7):
        await report.report(value, None, None)
    assert [params["progress"] for params in said.params] == [1, 5, 7]


async def test_a_revision_without_messages_gets_none() -> None:
    report, said = reporter(revision="2024-11-05")
    await report.report(1, None, "begun")
    assert said.params == [{"progressToken": "t", "progress": 1}]


async def test_a_flood_is_thinned_out(clock: SimpleNamespace) -> None:
    report, said = reporter()
    for value in range(BURST * 2):
        await report.report(value, None, None)
    assert len(said.params) == BURST
    clock.now += 2.5 / RATE
    for value in range(BURST * 2, BURST * 3):
        await report.report(value, None, None)
    assert len(said.params) == BURST + 2


async def test_patience_is_not_saved_up_without_end(clock: SimpleNamespace) -> None:
    report, said = reporter()
    await report.report(0, None, None)
    clock.now += 3600
    for value in range(1, BURST * 2):
        await report.report(value, None, None)
    assert len(said.params) == BURST + 1


async def test_the_last_report_is_never_left_out(clock: SimpleNamespace) -> None:
    report, said = reporter()
    for value in range(1, 1001):
        await report.report(value, 1000, None)
    assert said.params[-1]["progress"] == 1000
    assert len(said.params) == BURST + 1
