"""The page of checks says all there are."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "reference" / "checks.md"


def test_every_check_is_documented() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (PROJECT / "mcp_transport").rglob("*.py")
    )
    raised = re.findall(r'id(?:: ClassVar\[str\] )?\s?=\s?"(mcp\.[EW]\d+)"', sources)
    page = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\| `(mcp\.[EW]\d+)`", page, re.MULTILINE) == sorted(set(raised), key=order)


LATER = {f"mcp.E{number:03}" for number in range(16, 40)}  # of the first table, which was full


def order(code: str) -> tuple[int, str]:
    """Errors before warnings, by table: settings, pitfalls, deployment, and each feature's own."""
    if int(code[5:]) >= 40:
        return int(code[5:]) // 10, code[4:]
    is_deployment = 10 <= int(code[5:]) < 30 and code not in LATER
    return is_deployment, code[4:]
