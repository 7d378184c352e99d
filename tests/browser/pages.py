"""
The admin's pages, as the tests of all pages visit them.

A new page adds itself here, and is then held to everything in
``test_pages.py`` and ``test_limits.py``: accessibility, contrast, policy, width,
permissions, queries, weight, and that text from outside stays text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page and its limits. A path may name rows of the seed: ``{server}``."""

    name: str
    path: str
    permission: str  # who has only this sees the page; nobody else does
    queries: int  # with the two that sign the reader in
    fragments: tuple[str, ...] = ()  # addresses of its live parts
    long: tuple[str, ...] = ()  # more addresses to measure: filtered, deep in a list
    has_hostile_text: bool = False  # whether it shows the names of the seed
    within: str = ".mx"  # the part of the page that is looked at


ADMIN = "/admin/mcp_transport"
FORM = "#content"  # of Django's own forms, which are held to it whole

PAGES = (
    Shown(
        name="overview",
        path=f"{ADMIN}/overview/",
        permission="view_overview",
        queries=8,
        fragments=(f"{ADMIN}/overview/live/now/", f"{ADMIN}/overview/live/chart/"),
        has_hostile_text=True,
    ),
    *(
        Shown(
            name=f"server-{name}",
            path=f"{ADMIN}/server/{{server}}/{path}",
            permission="view_server",
            queries=10,
            fragments=(f"{ADMIN}/server/{{server}}/traffic/",) if name == "sessions" else (),
            has_hostile_text=True,
        )
        for name, path in (
            ("entries", ""),
            ("sessions", "sessions/"),
            ("access", "access/"),
            ("connect", "connect/"),
        )
    ),
    Shown(
        name="text-versions",
        path=f"{ADMIN}/textentry/{{text}}/versions/",
        permission="view_textentry",
        queries=5,
        has_hostile_text=True,
    ),
    Shown(
        name="tokens",
        path=f"{ADMIN}/token/",
        permission="view_token",
        queries=6,
        has_hostile_text=True,
    ),
    Shown(
        name="token",
        path=f"{ADMIN}/token/{{token}}/",
        permission="view_token",
        queries=10,
        has_hostile_text=True,
    ),
    Shown(
        name="entry",
        path=f"{ADMIN}/server/{{server}}/entry/?kind=tool&name=repeat",
        permission="view_server",
        queries=10,
        has_hostile_text=True,
    ),
    Shown(
        name="try",
        path=f"{ADMIN}/server/{{server}}/try/?kind=tool&name=quote",
        permission="try_tool",
        queries=5,
        has_hostile_text=True,
    ),
    Shown(
        name="sessions",
        path=f"{ADMIN}/session/",
        permission="view_session",
        queries=6,
        has_hostile_text=True,
    ),
    Shown(
        name="sessions-without",
        path=f"{ADMIN}/session/without/",
        permission="view_session",
        queries=6,
        has_hostile_text=True,
    ),
    Shown(
        name="session",
        path=f"{ADMIN}/session/{{session_handle}}/",
        permission="view_session",
        queries=6,
        fragments=(f"{ADMIN}/session/{{session_handle}}/live/",),
    ),
    Shown(
        name="calls",
        path=f"{ADMIN}/call/?period=all",
        permission="view_call",
        queries=5,
        long=(
            f"{ADMIN}/call/?period=all&before={{deep}}",
            f"{ADMIN}/call/?period=all&outcome=ok",
            f"{ADMIN}/call/?period=all&username=nobody",  # fits no call
            f"{ADMIN}/call/?period=all&q=book",  # most calls
            f"{ADMIN}/call/?period=all&q=book&before={{deep}}",
            f"{ADMIN}/call/?period=all&q=book&username=nobody",
            f"{ADMIN}/call/?period=all&q=sold+out",  # one in a hundred
            f"{ADMIN}/call/?period=all&q=unheard-of",
        ),
        has_hostile_text=True,
    ),
    Shown(
        name="call",
        path=f"{ADMIN}/call/{{call}}/change/",
        permission="view_call",
        queries=5,
        has_hostile_text=True,
    ),
    Shown(
        name="audit",
        path=f"{ADMIN}/operatoraction/?period=all",
        long=(
            f"{ADMIN}/operatoraction/?period=all&username=nobody",
            f"{ADMIN}/operatoraction/?period=all&q=unheard-of",
        ),
        permission="view_operatoraction",
        queries=5,
        has_hostile_text=True,
    ),
    Shown(
        name="audit-action",
        path=f"{ADMIN}/operatoraction/{{action}}/change/",
        permission="view_operatoraction",
        queries=5,
        has_hostile_text=True,
    ),
    Shown(
        name="audit-chains",
        path=f"{ADMIN}/operatoraction/chains/",
        permission="view_operatoraction",
        queries=5,
    ),
    *(
        Shown(
            name=f"{name}-form",
            path=f"{ADMIN}/{path}",
            permission=permission,
            queries=12,
            has_hostile_text=has_hostile_text,
            within=FORM,
        )
        for name, path, permission, has_hostile_text in (
            ("server", "server/{server}/change/", "view_server", True),
            ("server-add", "server/add/", "add_server", False),
            ("token-add", "token/add/", "add_token", True),
            ("text", "textentry/{text}/change/", "view_textentry", True),
            ("text-add", "textentry/add/", "add_textentry", False),
        )
    ),
)
