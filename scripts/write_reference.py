"""
Writes docs/reference/settings.md from the settings module's own text.

A test compares the page with what this writes.
"""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SOURCE = PROJECT / "mcp_transport" / "conf.py"
PAGE = PROJECT / "docs" / "reference" / "settings.md"
HEAD = """\
# Settings

Written by `scripts/write_reference.py` from `mcp_transport/conf.py`. Each is
set in the site's settings module under its name; unset, it has the default.
"""
# A line "#: what it does", then "NAME: type = default", which may go on over lines.
SETTING = re.compile(
    r"^    #: (?P<line>.+)\n    (?P<name>MCP_\w+): (?P<type>[^=]+) = (?P<default>(?:.|\n)+?)\n(?=    #:|\n)",
    re.MULTILINE,
)


def page() -> str:
    """The text of the page."""
    found = SETTING.finditer(SOURCE.read_text(encoding="utf-8"))
    return HEAD + "".join(section(match) for match in found)


def section(match: re.Match[str]) -> str:
    """One setting."""
    default = " ".join(match["default"].split()).replace("( ", "(").replace(", )", ")")
    return f"\n## {match['name']}\n\nDefault: `{default}`\n\n{match['line']}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
