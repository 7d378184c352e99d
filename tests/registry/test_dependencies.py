"""Tests of mcp_transport.registry.dependencies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from django.contrib.auth.models import AnonymousUser

from mcp_transport import CurrentUser, Depends, Progress, SyncProgress, ToolError
from mcp_transport.registry.dependencies import current_user, dependency_of


class Reports:
    """A context that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def progress(self, *report: Any) -> None:
        self.told.append(report)


class AwaitedReports(Reports):
    async def progress(self, *report: Any) -> None:  # type: ignore[override]  # the other kind
        self.told.append(report)


def make() -> int:
    return 1


@pytest.mark.parametrize(
    ("hint", "call"),
    [
        (Annotated[int, Depends(make)], make),
        (Annotated[int, "anything", Depends(make)], make),
        (CurrentUser[int], current_user),
        (CurrentUser, current_user),
        (Progress, Progress),
        (SyncProgress, SyncProgress),
        (Annotated[Progress, "anything"], Progress),
    ],
)
def test_an_annotation_names_what_fills_the_parameter(hint: Any, call: Any) -> None:
    found = dependency_of(hint)
    assert found is not None
    assert found.call is call


@pytest.mark.parametrize("hint", [int, None, Annotated[int, "anything"], list[int], "Progress"])
def test_other_annotations_are_arguments(hint: Any) -> None:
    assert dependency_of(hint) is None


async def test_progress_counts_by_itself() -> None:
    context = AwaitedReports()
    progress = Progress(context)  # type: ignore[arg-type]  # all that is asked of a context
    progress.total = 3
    await progress.step("one")
    await progress.step(by=0.5)
    await progress.report(3)
    await progress.report(4, 8, "more")
    await progress.step()
    assert context.told == [
        (1, 3, "one"), (1.5, 3, None), (3, 3, None), (4, 8, "more"), (5, 8, None),
    ]  # fmt: skip


def test_progress_counts_in_a_thread_too() -> None:
    context = Reports()
    progress = SyncProgress(context)  # type: ignore[arg-type]  # all that is asked of a context
    progress.report(1, 2, "half")
    progress.step("all")
    assert context.told == [(1, 2, "half"), (2, 2, "all")]


async def test_the_current_user_is_somebody() -> None:
    ada: Any = SimpleNamespace(is_anonymous=False)
    assert await current_user(SimpleNamespace(user=ada)) is ada  # type: ignore[arg-type]  # as above
    with pytest.raises(ToolError, match="who asks"):
        await current_user(SimpleNamespace(user=AnonymousUser()))  # type: ignore[arg-type]  # as above
