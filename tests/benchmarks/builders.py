"""Lines of a table, made up."""

from __future__ import annotations

from benchmarks.cases import CASES
from benchmarks.figures import Figures, Line

BY_NAME = {case.name: case for case in CASES}


def line(
    name: str, *, cost: float = 50.0, ratio: float | None = None, p50: float = 0.0, **rest: float
) -> Line:
    """A line of a case."""
    figures = Figures(cost=cost, p50=p50, rate=rest.get("rate", 1000.0), busy=rest.get("busy", 0.1))
    return Line(case=BY_NAME[name], figures=figures, ratio=ratio)
