"""What was measured, as records, and what follows from it. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Any

from benchmarks.cases import Case

BUSY = 0.9  # a generator that fills its core more than this measures itself
SLACK = 0.6  # of the recorded speed: below it, a change is too slow to be taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The cost of one case: CPU µs or kB; latencies in milliseconds."""

    cost: float
    rate: float = 0.0  # per second
    p50: float = 0.0
    p99: float = 0.0
    busy: float = 0.0
    errors: int = 0


def middle(rounds: Sequence[Figures]) -> Figures:
    """The median of every figure; errors are added up."""
    names = [item.name for item in fields(Figures) if item.name != "errors"]
    medians = {name: median(getattr(figures, name) for figures in rounds) for name in names}
    return Figures(**medians, errors=sum(figures.errors for figures in rounds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A case with its medians, in units of another case where it has one."""

    case: Case
    figures: Figures
    ratio: float | None
    best: float | None = None  # the ratio of the round that others disturbed least

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None without an aim."""
        aim = self.case.aim
        if aim is None:
            return None
        cost = self.ratio if aim.unit else self.figures.cost
        in_time = aim.milliseconds is None or self.figures.p50 <= aim.milliseconds
        return cost is not None and cost <= aim.value and in_time

    @property
    def is_doubtful(self) -> bool:
        """Whether the generator was too busy, or the server answered with errors."""
        return self.figures.busy > BUSY or self.figures.errors > 0

    def as_json(self) -> dict[str, Any]:
        """For the results file."""
        figures = {key: round(value, 4) for key, value in asdict(self.figures).items()}
        told = {
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "is_met": self.is_met,
        }
        return {"case": asdict(self.case) | {"unit": self.case.unit}, **figures, **told}


def lines(cases: Sequence[Case], rounds: Mapping[str, Sequence[Figures]]) -> list[Line]:
    """A line for each case that was measured; its ratio is the median of the rounds' own."""
    told = []
    for case in cases:
        if rounds.get(case.name):
            ratios = _ratios(case, rounds)
            ratio, best = (median(ratios), min(ratios)) if ratios else (None, None)
            told.append(Line(case=case, figures=middle(rounds[case.name]), ratio=ratio, best=best))
    return told


def _ratios(case: Case, rounds: Mapping[str, Sequence[Figures]]) -> list[float]:
    """The ratio of each round: both sides of one met the same minute."""
    if case.kind != "echo":
        return []
    # A peer may have failed in the middle.
    pairs = zip(rounds[case.name], rounds.get(case.unit, ()), strict=False)
    return [ours.cost / unit.cost for ours, unit in pairs if unit.cost]


def slower(measured: Sequence[Line], recorded: Mapping[str, float]) -> dict[str, str]:
    """
    A sentence for each case that has become slower than it may, by its name.

    Whatever else the machine does makes a round slower and none faster, so the
    best one is believed.
    """
    said = {}
    for line in measured:
        limit = recorded.get(line.case.name, float("inf")) / SLACK
        ratio = line.ratio if line.best is None else line.best
        if ratio is not None and ratio > limit:
            said[line.case.name] = (
                f"{line.case.name} costs {ratio:.2f} times {line.case.unit}; "
                f"recorded is {limit * SLACK:.2f}, allowed {limit:.2f}."
            )
    return said
