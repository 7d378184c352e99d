"""What the library offers to MCP clients."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from django.utils import timezone
from pydantic import BaseModel, Field

from mcp_transport import Context, ToolError, prompt, resource, tool


class Loan(BaseModel):
    """A book somebody has taken home."""

    title: str
    due: date


@tool(read_only=True)
async def due_date(
    title: str,
    weeks: Annotated[int, Field(ge=1, le=8)] = 4,
) -> Loan:
    """
    Tell when a book has to be back.

    Args:
        title: The book's title.
        weeks: How long it is lent.
    """
    if not title.strip():
        raise ToolError("The title is empty; which book is it?")
    return Loan(title=title, due=timezone.localdate() + timedelta(weeks=weeks))


@tool
async def renew(ctx: Context, title: str) -> str:
    """Renew a loan, after asking the reader."""
    answer = await ctx.elicit(
        f"Keep {title} for four more weeks?",
        {"type": "object", "properties": {"note": {"type": "string", "title": "Note"}}},
    )
    return f"{title} is renewed." if answer.is_accepted else f"{title} is due as before."


SHELVES = {
    "novels": ["Emma", "Middlemarch"],
    "travel": ["The Voyage of the Beagle"],
}


@resource("library://opening-hours", mime_type="text/plain")
async def opening_hours() -> str:
    """When the library is open."""
    return "Tuesday to Saturday, 10 to 18"


def complete_shelf(value: str, arguments: dict[str, str]) -> list[str]:
    """The shelves whose names begin so."""
    return [name for name in SHELVES if name.startswith(value)]


@resource("library://shelves/{shelf}", completions={"shelf": complete_shelf})
async def shelf_contents(shelf: str) -> dict[str, list[str]]:
    """What stands on a shelf."""
    if shelf not in SHELVES:
        raise ToolError(f"There is no shelf {shelf!r}.")
    return {shelf: SHELVES[shelf]}


@prompt(completions={"shelf": complete_shelf})
def recommend(shelf: str) -> str:
    """Recommend something to read."""
    return f"Recommend one of {', '.join(SHELVES.get(shelf, []))}, in two sentences."
