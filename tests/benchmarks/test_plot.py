"""The plot is an image with a bar for each line."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.cases import UNIT
from benchmarks.plot import AIM, LABELS, WIDTH, plot
from tests.benchmarks.builders import line

SVG = "{http://www.w3.org/2000/svg}"
LINES = [
    line(UNIT, cost=20, ratio=1.0),
    line("echo/ours/modern/32", cost=40, ratio=2.0),
    line("echo/fastmcp/modern/32", cost=800, ratio=40.0),
    line("cycle/ours", cost=100),
]


def test_bars_are_as_long_as_their_figures() -> None:
    bars = ElementTree.fromstring(plot(LINES)).findall(f"{SVG}rect")[1:]
    bare, ours, other, _ = (float(bar.attrib["width"]) for bar in bars)
    assert ours == 2 * bare
    assert other == 40 * bare
    assert LABELS + other < WIDTH


def test_an_aim_is_marked_where_it_lies() -> None:
    root = ElementTree.fromstring(plot(LINES))
    (mark,) = (item for item in root.findall(f"{SVG}line") if item.attrib["stroke"] == AIM)
    ours = root.findall(f"{SVG}rect")[2]
    at = float(mark.attrib["x1"]) - LABELS
    assert abs(at / float(ours.attrib["width"]) - 2.25 / 2.0) < 0.02


def test_every_bar_has_a_name_and_a_figure() -> None:
    texts = [item.text for item in ElementTree.fromstring(plot(LINES)).findall(f"{SVG}text")]
    assert "FastMCP · 2026-07-28, async tool · 32" in texts
    assert "40 (2.00 ×)" in texts
    assert "A session: initialize, initialized, DELETE: CPU µs a session" in texts
