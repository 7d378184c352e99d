"""``mcp export`` and ``mcp import``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mcp_transport.audit.operators import operator_at_terminal
from mcp_transport.management.configuration.document import Malformed, exported, parsed
from mcp_transport.management.configuration.importing import Change, Import
from mcp_transport.management.subcommands.base import Subcommand

SIGNS = {"add": "+", "change": "~", "delete": "-"}
SHOWN_LENGTH = 70  # characters of a value


class Export(Subcommand):
    """Write servers, their entries and texts to a file; tokens are no part of it."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "file", nargs="?", default="-", help="where to; standard output by default"
        )

    def run(self, options: dict[str, Any]) -> None:
        """Write the file."""
        text = exported()
        if options["file"] == "-":
            self.stdout.write(text, ending="")
            return
        try:
            Path(options["file"]).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be written: {error.strerror}.") from None


class ImportFile(Subcommand):
    """Make servers, their entries and texts what a file says: all of it, or nothing."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", help="what `mcp export` has written; - for standard input")
        parser.add_argument("--dry-run", action="store_true", help="show what would be changed")
        parser.add_argument(
            "--prune", action="store_true", help="delete what the file does not name"
        )

    def run(self, options: dict[str, Any]) -> None:
        """Print each change, and make it."""
        is_trial = options["dry_run"]
        run = Import(operator_at_terminal(), prune=options["prune"])
        try:
            changes = run.run(parsed(read(options["file"])), is_trial=is_trial)
        except Malformed as error:
            raise CommandError(f"{options['file']} is not imported.\n{error}") from None
        for change in changes:
            self.write_change(change)
        count = f"{len(changes)} change{'' if len(changes) == 1 else 's'}"
        self.remark(f"{count}; nothing was changed yet." if is_trial else f"{count}.")

    def write_change(self, change: Change) -> None:
        """Print what becomes of a row, and of each of its fields."""
        styles = {"add": self.style.SUCCESS, "delete": self.style.ERROR}
        line = f"{SIGNS[change.action]} {change.name}"
        self.stdout.write(styles.get(change.action, self.style.WARNING)(line))
        for text in lines_of(change):
            self.stdout.write(f"    {text}")


def lines_of(change: Change) -> Iterator[str]:
    """Say what each field was and will be."""
    if change.action == "delete":
        return
    for name, (before, after) in sorted(change.fields.items()):
        is_new = change.action == "add"
        yield f"{name}: {shown(after)}" if is_new else f"{name}: {shown(before)} → {shown(after)}"


def shown(value: Any) -> str:
    """Give a value as one line of JSON, not all of a long one."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return (
        text
        if len(text) <= SHOWN_LENGTH
        else f"{text[: SHOWN_LENGTH - 1]}… ({len(text)} characters)"
    )


def read(name: str) -> str:
    """Read the file. Raises CommandError."""
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{name} is no text in UTF-8.") from None
