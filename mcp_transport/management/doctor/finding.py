"""What a step found, and how it says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Subject = TypeVar("Subject")


class Status(StrEnum):
    """How a step ended."""

    OK = "ok"
    WARNING = "warning"  # works, and should not be so
    FAILED = "failed"
    SKIPPED = "skipped"  # not tried: it needs what failed before, or was not asked for


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one step says, and what to do about it."""

    status: Status
    says: str
    remedy: str = ""

    @property
    def is_good(self) -> bool:
        """Whether steps that need this one can be tried."""
        return self.status in (Status.OK, Status.WARNING)


@dataclass(frozen=True, slots=True)
class Step(Generic[Subject]):
    """One thing to try, and the steps that must have gone well before."""

    name: str
    run: Callable[[Subject], Verdict]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict with the step's name and the time it took."""

    step: str
    verdict: Verdict
    seconds: float


def ok(says: str) -> Verdict:
    """It works."""
    return Verdict(Status.OK, says)


def warning(says: str, remedy: str) -> Verdict:
    """It works, and should not be so."""
    return Verdict(Status.WARNING, says, remedy)


def failed(says: str, remedy: str) -> Verdict:
    """It does not work."""
    return Verdict(Status.FAILED, says, remedy)


def skipped(says: str, remedy: str = "") -> Verdict:
    """It was not tried."""
    return Verdict(Status.SKIPPED, says, remedy)
