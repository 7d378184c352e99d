"""What a sub-command is made of."""

from __future__ import annotations

import logging
import shutil
from abc import ABC, abstractmethod
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper
from django.core.management.color import Style, no_style
from django.utils import timezone

from mcp_transport.comparable import is_text
from mcp_transport.digits import read_number

COLUMN_GAP = "  "
LARGEST_PORT = 65_535
LONGEST_WAIT = 86_400  # seconds


class Subcommand(ABC):
    """One word after ``manage.py mcp``; its docstring's first line is its help."""

    def __init__(
        self, stdout: OutputWrapper, stderr: OutputWrapper, style: Style | None = None
    ) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.style = style or no_style()

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments; most take none."""
        return

    @abstractmethod
    def run(self, options: dict[str, Any]) -> None:
        """Do the work. Raises CommandError for what the operator can mend."""

    def remark(self, text: str) -> None:
        """Tell the operator something that is neither output nor an error."""
        self.stderr.write(text, style_func=str)

    def write_table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows below their heads, in columns as wide as they need."""
        lines = [list(heads), *([shown(cell) for cell in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for index, line in enumerate(lines):
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            text = self.fitting(COLUMN_GAP.join(cells).rstrip())
            self.stdout.write(text if index else self.style.MIGRATE_HEADING(text))

    def fitting(self, line: str) -> str:
        """A line cut to the terminal's width; whole where there is no terminal."""
        width = shutil.get_terminal_size().columns
        is_whole = not self.stdout.isatty() or len(line) <= width
        return line if is_whole else f"{line[: width - 1]}…"


def shown(value: object) -> str:
    """Write a value for a table: nothing for None and False."""
    if value is None or value is False:
        return "-"
    if value is True:
        return "yes"
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    # One row is one line, whatever a client calls itself.
    return "".join(c if c.isprintable() else "?" for c in str(value))


def importing_clients(*modules: str) -> list[Any]:
    """Import modules that need a client library. Raises CommandError without it."""
    try:
        found = [import_module(f"mcp_transport.management.{name}") for name in modules]
    except ImportError as exc:
        raise CommandError(
            f"{exc.name} is missing: install django-mcp-transport with the extra 'doctor'."
        ) from exc
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request
    return found


def text(word: str) -> str:
    """Read an argument that goes into a message or a row; a terminal may send other bytes."""
    if not is_text(word):
        raise ArgumentTypeError(f"{word[:20]!a} is no text in UTF-8")
    return word


def seconds(word: str) -> float:
    """Read an argument that is a time in seconds, from none to a day."""
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST_WAIT:
        raise ArgumentTypeError(f"{word[:20]!r} is no number of seconds from 0 to {LONGEST_WAIT}")
    return value


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """What reads an argument that is a whole number between two bounds."""

    def read(text: str) -> int:
        number = read_number(text, most=most)
        if number is None or number < least:
            raise ArgumentTypeError(f"{text[:20]!r} is no whole number from {least} to {most}")
        return number

    return read
