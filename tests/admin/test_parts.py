"""Tests of mcp_transport.admin.parts."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from mcp_transport.admin.parts import (
    GLYPHS,
    Bar,
    BarChart,
    Column,
    Copyable,
    Empty,
    Link,
    Moment,
    Pager,
    Part,
    Status,
    Tab,
    Table,
    Tabs,
    Tile,
)

EVIL = '"><script>alert(1)</script>'


def chart(*bars: Bar) -> BarChart:
    """A chart of calls."""
    return BarChart(
        name="calls", title="Calls", description="What there was.",
        up_label="succeeded", down_label="failed", bars=bars,
    )  # fmt: skip


def test_whatever_a_part_is_given_is_text() -> None:
    column = Column(EVIL)
    parts: list[Part] = [
        Link(EVIL, EVIL),
        Status("ok", EVIL),
        Moment(None, EVIL),
        Copyable(value=EVIL, label=EVIL),
        Copyable(value=EVIL, label=EVIL, block=True),
        Tile(label=EVIL, value=EVIL, href=EVIL, change=EVIL, note=EVIL),
        Empty(title=EVIL, text=EVIL, links=(Link(EVIL, EVIL),)),
        Table(caption=EVIL, columns=(column,), rows=[(EVIL,), (Link(EVIL, EVIL),)]),
        Tabs(label=EVIL, tabs=(Tab(text=EVIL, href=EVIL),)),
        Pager(newer=EVIL, older=EVIL, words=(EVIL, EVIL)),
        chart(Bar(label=EVIL, up=1, down=1)),
    ]
    for part in parts:
        assert "<script" not in str(part), part
        assert "&lt;script" in str(part), part


def test_a_state_is_a_word_and_a_glyph_that_is_not_read_out() -> None:
    for kind, glyph in GLYPHS.items():
        assert f'aria-hidden="true">{glyph}</span> Word' in str(Status(kind, "Word"))


def test_a_name_without_an_address_is_no_link() -> None:
    assert str(Link("Shop")) == "Shop"


def test_a_time_has_the_exact_one_in_its_element() -> None:
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert 'datetime="2026-01-31T12:00:00+00:00" title="2026-01-31 12:00:00 UTC"' in str(Moment(at))
    assert str(Moment(None)) == "never"


def test_cells_carry_the_heads_of_their_columns_and_their_roles() -> None:
    text = str(
        Table(caption="Servers", columns=(Column("Name"), Column("Calls", True)), rows=[("a", 3)])
    )
    assert '<th scope="row" role="rowheader" data-label="Name">a</th>' in text
    assert '<td role="cell" data-label="Calls" class="mx-number">3</td>' in text


def test_a_table_without_rows_says_what_is_missing() -> None:
    empty = Empty(title="No server yet")
    text = str(Table(caption="Servers", columns=(Column("Name"),), rows=[], empty=empty))
    assert "No server yet" in text
    assert "<table" not in text


def test_a_chart_draws_what_failed_below_its_axis_and_hatched() -> None:
    drawn = chart(Bar(label="12:00", up=8, down=2), Bar(label="12:01", up=4))
    up, down, other = drawn.marks
    assert float(str(up["y"])) + float(str(up["height"])) == drawn.axis
    assert float(str(down["y"])) == drawn.axis
    assert float(str(other["height"])) < float(str(up["height"]))
    assert 'fill="url(#calls-hatch)"' in str(drawn)


def test_a_chart_has_its_figures_as_a_table_beside_it() -> None:
    text = str(chart(Bar(label="12:00", up=8, down=2)))
    assert re.search(r"<title id=\"calls-title\">Calls</title>", text)
    assert '<td role="cell" data-label="failed" class="mx-number">2</td>' in text


def test_a_chart_of_nothing_is_an_axis() -> None:
    assert chart().marks == []
    assert chart(Bar(label="12:00", up=0)).ticks == ["12:00"]
