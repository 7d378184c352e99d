"""The form of a requirement, and how a test claims one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

SITE = "https://modelcontextprotocol.io"
Test = TypeVar("Test", bound=Callable[..., Any])

# One letter for each revision, oldest first.
LETTERS = {
    "A": "2024-11-05",
    "B": "2025-03-26",
    "C": "2025-06-18",
    "D": "2025-11-25",
    "E": "2026-07-28",
}
ALL = "ABCDE"
LEGACY = "ABCD"
MODERN = "E"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing a server does or leaves undone."""

    id: str
    link: str
    behaviour: str
    revisions: tuple[str, ...]
    state: Literal["tested", "planned"] = "tested"
    absence: str = ""  # planned: the test that shows that nobody is promised it


def anchor(heading: str) -> str:
    """The fragment under which the site publishes a heading."""
    text = re.sub(r"[^a-z0-9 &_-]", "", heading.lower())
    return text.replace(" ", "-").replace("&", "%26")


def page(path: str, heading: str = "") -> str:
    """The address of a page of the specification, and of a heading on it."""
    folder = "" if path.startswith("/") else "/specification/"
    address = f"{SITE}{folder}{path}"
    return f"{address}#{anchor(heading)}" if heading else address


def requirement(
    id: str,  # noqa: A002
    link: str,
    revisions: str,
    behaviour: str,
    *,
    absence: str = "",
) -> Requirement:
    """A row of a table; one that names a test of its absence is planned."""
    return Requirement(
        id=id,
        link=link,
        behaviour=behaviour,
        revisions=tuple(LETTERS[letter] for letter in revisions),
        state="planned" if absence else "tested",
        absence=absence,
    )


def covers(*ids: str) -> Callable[[Test], Test]:
    """Claim requirements for a test."""

    def claim(test: Test) -> Test:
        test.__dict__["covered_requirements"] = ids
        return test

    return claim
