"""
What pages are put together from: each part writes itself as HTML in a template.

``{{ table }}`` in a template is enough. Whatever a part is given as text is
escaped; meaning is a word and a glyph, never colour alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mcp_transport.admin import figures

GLYPHS = {
    "ok": "✓",
    "failed": "✕",
    "warn": "▲",
    "info": "●",
    "denied": "⊘",
    "off": "○",
}


class Part:
    """Something a page is made of; ``part`` in its template."""

    template_name: ClassVar[str]

    def __str__(self) -> SafeString:
        return render_to_string(f"admin/mcp_transport/parts/{self.template_name}", {"part": self})

    def __html__(self) -> SafeString:
        return self.__str__()


@dataclass(frozen=True, slots=True)
class Link(Part):
    """A name that leads somewhere; only the name where the reader may not go."""

    text: str
    href: str = ""

    def __str__(self) -> SafeString:
        if not self.href:
            return format_html("{}", self.text)
        return format_html('<a href="{}">{}</a>', self.href, self.text)


@dataclass(frozen=True, slots=True)
class Named(Part):
    """A name, and in small what it belongs to."""

    text: str
    note: str
    href: str = ""

    def __str__(self) -> SafeString:
        name = Link(self.text, self.href).__html__()
        return format_html('{} <span class="mx-note">{}</span>', name, self.note)


@dataclass(frozen=True, slots=True)
class Status(Part):
    """A state: one of GLYPHS and a word."""

    kind: str
    word: str

    @property
    def glyph(self) -> str:
        """The sign before the word."""
        return GLYPHS[self.kind]

    def __str__(self) -> SafeString:
        return format_html(
            '<span class="mx-status mx-{}"><span class="mx-glyph" aria-hidden="true">{}</span>'
            " {}</span>",
            self.kind,
            self.glyph,
            self.word,
        )


@dataclass(frozen=True, slots=True)
class Moment(Part):
    """A time, told by its distance; the exact one is in the element."""

    at: datetime.datetime | None
    never: str = "never"

    def __str__(self) -> SafeString:
        if self.at is None:
            return format_html("{}", self.never)
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            self.at.isoformat(),
            figures.absolute(self.at),
            figures.age(self.at),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Copyable(Part):
    """A value to take along; a ``block`` keeps its lines."""

    template_name: ClassVar[str] = "copyable.html"
    value: str
    label: str  # what it is, for whoever does not see it beside
    block: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile(Part):
    """One figure with its name, and how it moved."""

    template_name: ClassVar[str] = "tile.html"
    label: str
    value: str
    href: str = ""
    change: str = ""  # against the period before
    note: str = ""
    status: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty(Part):
    """What is shown instead of nothing: what is missing, and the remedy."""

    template_name: ClassVar[str] = "empty.html"
    title: str
    text: str = ""
    code: Sequence[Copyable] = ()
    links: Sequence[Link] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a table's column; numbers stand to the right."""

    label: str
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Part):
    """
    Rows under heads; on a phone each row is a card, its cells labelled.

    The first cell of a row names it. A cell is text, a number or a part.
    """

    template_name: ClassVar[str] = "table.html"
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]
    empty: Empty | None = None
    is_caption_hidden: bool = False

    @property
    def lines(self) -> list[list[tuple[Column, object]]]:
        """The cells of each row beside their columns."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of several views of a page: a link, its own address."""

    text: str
    href: str
    is_current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabs(Part):
    """Links between the views of a page; a switch is a small one, beside a heading."""

    template_name: ClassVar[str] = "tabs.html"
    label: str
    tabs: Sequence[Tab]
    is_switch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager(Part):
    """The pages beside this one; either may be missing. Takes their query strings."""

    template_name: ClassVar[str] = "pager.html"
    newer: str = ""
    older: str = ""
    words: tuple[str, str] = ("Newer", "Older")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One stretch of time: what went well stands up, what failed hangs down."""

    label: str
    up: int
    down: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart(Part):
    """Bars over time as SVG, with the same figures as a table beside them."""

    template_name: ClassVar[str] = "bar_chart.html"
    name: str  # an identifier, unique on its page
    title: str
    description: str
    up_label: str
    down_label: str
    bars: Sequence[Bar] = field(default_factory=tuple)

    WIDTH: ClassVar[int] = 1000
    HEIGHT: ClassVar[int] = 160
    LEAST: ClassVar[float] = 4.0  # of a bar that is not nothing
    GAP: ClassVar[float] = 0.22  # of a bar's place

    @property
    def top(self) -> int:
        """The highest bar's figure."""
        return max((bar.up for bar in self.bars), default=0)

    @property
    def bottom(self) -> int:
        """The deepest bar's figure."""
        return max((bar.down for bar in self.bars), default=0)

    @property
    def axis(self) -> float:
        """Where the line between up and down is."""
        if not self.bottom:
            return self.HEIGHT - 1.0
        share = self.top / (self.top + self.bottom)
        return min(self.HEIGHT - self.LEAST - 1.0, max(self.LEAST + 1.0, self.HEIGHT * share))

    @property
    def marks(self) -> list[dict[str, object]]:
        """The rectangles, in the units of the drawing."""
        place = self.WIDTH / max(1, len(self.bars))
        marks = []
        for index, bar in enumerate(self.bars):
            left, width = place * (index + self.GAP / 2), place * (1 - self.GAP)
            for amount, is_up in ((bar.up, True), (bar.down, False)):
                if amount:
                    marks.append(self._mark(bar, left, width, amount, is_up=is_up))
        return marks

    def _mark(
        self, bar: Bar, left: float, width: float, amount: int, *, is_up: bool
    ) -> dict[str, object]:
        # Up and down have one scale, so that a few failures look like few.
        most, room = (self.top, self.axis) if is_up else (self.bottom, self.HEIGHT - self.axis)
        height = max(self.LEAST, (room - 1) * amount / most)
        label = self.up_label if is_up else self.down_label
        return {
            "x": f"{left:.2f}",
            "y": f"{self.axis - height if is_up else self.axis:.2f}",
            "width": f"{width:.2f}",
            "height": f"{height:.2f}",
            "is_up": is_up,
            "title": f"{bar.label}: {amount:,} {label}",
        }

    @property
    def ticks(self) -> list[str]:
        """A few of the labels, evenly spread from the first bar to the last."""
        if len(self.bars) < 2:
            return [bar.label for bar in self.bars]
        steps = min(4, len(self.bars) - 1)
        last = len(self.bars) - 1
        return [self.bars[round(last * step / steps)].label for step in range(steps + 1)]

    @property
    def table(self) -> Table:
        """The same figures, to be read."""
        return Table(
            caption=self.title,
            is_caption_hidden=True,
            columns=(Column("Time"), Column(self.up_label, True), Column(self.down_label, True)),
            rows=[(bar.label, f"{bar.up:,}", f"{bar.down:,}") for bar in self.bars],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What ``confirm.html`` asks before something that cannot be taken back."""

    question: str
    consequences: Sequence[str] = ()
    button: str
    cancel: Link
    fields: Sequence[tuple[str, str]] = ()  # hidden, beside the token against forgery
