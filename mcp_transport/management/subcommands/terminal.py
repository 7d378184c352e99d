"""What a terminal shows while something takes its time."""

from __future__ import annotations

from collections.abc import Callable

BAR_WIDTH = 24
FILLED, EMPTY = "█", "░"

Write = Callable[[str], object]  # writes a text as it is, without an end of line


class ProgressLine:
    """
    How far a call is, on one line that is written over; other lines go above.

    Where there is no terminal, each report is a line of its own.
    """

    def __init__(self, write: Write, *, is_terminal: bool, width: int = 80) -> None:
        self._write = write
        self._is_terminal = is_terminal
        self._width = width
        self._shown = ""

    def report(self, done: float, total: float | None, message: str) -> None:
        """Show a report instead of the last one."""
        if not self._is_terminal:
            self._write(f"{counted(done, total)} {message}".rstrip() + "\n")
            return
        text = f"{bar(done, total)} {message}".rstrip()[: self._width - 1]
        self._write("\r" + text.ljust(len(self._shown)))
        self._shown = text

    def line(self, text: str) -> None:
        """Write a line above the report."""
        shown = self._shown
        self.clear()
        self._write(f"{text}\n")
        if shown:
            self._write(shown)
            self._shown = shown

    def clear(self) -> None:
        """Take the report away."""
        if self._shown:
            self._write("\r" + " " * len(self._shown) + "\r")
        self._shown = ""


def counted(done: float, total: float | None) -> str:
    """How far, in numbers."""
    return f"{done:g}" if total is None else f"{done:g}/{total:g}"


def bar(done: float, total: float | None) -> str:
    """How far, as a bar where an end is known."""
    if not total or total < 0:
        return counted(done, None)
    share = min(max(done / total, 0.0), 1.0)
    filled = int(share * BAR_WIDTH)
    return f"{FILLED * filled}{EMPTY * (BAR_WIDTH - filled)} {share:4.0%}"
