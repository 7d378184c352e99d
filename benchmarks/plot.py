"""A bar for each server, as SVG. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.cases import WHAT
from benchmarks.figures import Line
from benchmarks.report import HEADINGS, title
from benchmarks.targets import TARGETS

WIDTH = 940
LABELS = 390  # pixels for the names at the left
FIGURES = 130  # and for the figures at the right
BAR = 18
GAP = 6
HEADING = 40
COLOURS = {"bare": "#8b949e", "ours": "#1f7a4d"}
OTHERS = "#b8c4d6"
AIM = "#c2410c"
FONT = "font-family='system-ui, sans-serif' font-size='13'"


def plot(lines: Sequence[Line]) -> str:
    """One group of bars for each kind of case, one under the other."""
    parts: list[str] = []
    top = 0
    for kind, heading in HEADINGS.items():
        group = [line for line in lines if line.case.kind == kind]
        if group:
            parts += _group(group, f"{heading}: {WHAT[kind]}", top)
            top += HEADING + len(group) * (BAR + GAP) + GAP
    return "\n".join([*_opening(top), *parts, "</svg>", ""])


def _opening(height: int) -> list[str]:
    return [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' {FONT}>",
        f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
    ]


def _group(lines: Sequence[Line], heading: str, top: int) -> list[str]:
    largest = max(line.figures.cost for line in lines) or 1.0
    parts = [_text(10, top + 26, heading, weight="600")]
    for index, line in enumerate(lines):
        parts += _bar(
            line, (WIDTH - LABELS - FIGURES) / largest, top + HEADING + index * (BAR + GAP)
        )
    return parts


def _bar(line: Line, scale: float, top: int) -> list[str]:
    cost, middle = line.figures.cost, top + BAR - 5
    width = max(cost * scale, 1)
    label = f"{TARGETS[line.case.target].title} · {title(line.case)} · {line.case.count}"
    parts = [
        _text(LABELS - 8, middle, label, anchor="end"),
        f"<rect x='{LABELS}' y='{top}' width='{width:.1f}' height='{BAR}' rx='2'"
        f" fill='{_colour(line)}'/>",
        _text(LABELS + width + 6, middle, _figure(line)),
    ]
    at = _aim(line)
    if at is not None and at * scale <= WIDTH - LABELS:
        x = LABELS + at * scale
        parts.append(
            f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{top - 2}' y2='{top + BAR + 2}'"
            f" stroke='{AIM}' stroke-width='2'><title>the aim</title></line>"
        )
    return parts


def _figure(line: Line) -> str:
    ratio = f" ({line.ratio:.2f} ×)" if line.ratio is not None else ""
    return f"{line.figures.cost:.0f}{ratio}"


def _aim(line: Line) -> float | None:
    """The aim in the measure of the bar."""
    aim = line.case.aim
    if aim is None or not aim.unit:
        return aim.value if aim else None
    return aim.value * line.figures.cost / line.ratio if line.ratio else None


def _colour(line: Line) -> str:
    return COLOURS.get(line.case.target.partition("-")[0], OTHERS)


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "400") -> str:
    place = f"x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' font-weight='{weight}'"
    return f"<text {place} fill='#1f2328'>{escape(text)}</text>"
