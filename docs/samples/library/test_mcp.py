"""What a client of the library sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mcp_transport import ToolError


async def test_a_loan_ends_in_four_weeks(mcp):
    result = await mcp.call("due_date", title="Emma")
    due = timezone.localdate() + timedelta(weeks=4)
    assert result.structured == {"title": "Emma", "due": due.isoformat()}


async def test_a_title_is_needed(mcp):
    with pytest.raises(ToolError, match="which book"):
        await mcp.call("due_date", title=" ")


@pytest.mark.parametrize("mcp_revision", ["2025-11-25", "2026-07-28"])
async def test_the_reader_is_asked(mcp):
    mcp.answer(elicitation={"note": "nearly done"})
    assert (await mcp.call("renew", title="Emma")).text == "Emma is renewed."
    assert mcp.asked[0].message == "Keep Emma for four more weeks?"


async def test_a_shelf_is_read_and_completed(mcp):
    assert "Middlemarch" in (await mcp.read("library://shelves/novels")).text
    assert await mcp.complete("library://shelves/{shelf}", "shelf", "t") == ["travel"]


def test_a_prompt_names_the_books(mcp_sync):
    assert "Emma" in mcp_sync.prompt("recommend", shelf="novels").text
