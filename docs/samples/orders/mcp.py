"""Tools of a shop that are given what they need."""

from __future__ import annotations

from typing import Annotated

from django.contrib.auth.models import User

from mcp_transport import (
    CurrentUser,
    Depends,
    Progress,
    SyncContext,
    SyncProgress,
    ToolError,
    tool,
)


class Desk:
    """Where a user's orders are taken."""

    def __init__(self, user: User, language: str) -> None:
        self.user = user
        self.language = language

    def take(self, code: str) -> str:
        """Take an order."""
        return f"{self.user.username} ordered {code}"


def language(ctx: SyncContext) -> str:
    """The language that the client prefers."""
    return ctx.headers.get("accept-language", "en")[:2]


def open_desk(user: CurrentUser[User], language: Annotated[str, Depends(language)]) -> Desk:
    """The desk of the user who asks, which some may not order at."""
    if user.groups.filter(name="readers").exists():
        raise ToolError("Readers borrow books; orders are taken from customers.")
    return Desk(user, language)


@tool(atomic=True)
def order(code: str, desk: Annotated[Desk, Depends(open_desk)]) -> str:
    """Order a book."""
    return desk.take(code)


@tool
async def whoami(user: CurrentUser[User]) -> str:
    """Tell who is asking."""
    return user.username


@tool
async def pack(codes: list[str], progress: Progress) -> str:
    """Pack a parcel."""
    progress.total = len(codes)
    for code in codes:
        await progress.step(f"packed {code}")
    return "ready"


@tool
def weigh(codes: list[str], progress: SyncProgress) -> int:
    """Weigh a parcel."""
    for done, _code in enumerate(codes, start=1):
        progress.report(done, len(codes))
    return 300 * len(codes)
