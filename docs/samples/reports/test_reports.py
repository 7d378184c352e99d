"""What the guide to tools that take long shows."""

from __future__ import annotations


async def test_a_quick_report_is_there_at_once(mcp):
    assert (await mcp.call("sales", year=2025)).text == "The report on 2025 has 3 pages."


async def test_a_year_is_archived(mcp):
    mcp.answer(elicitation={"sure": True})
    assert (await mcp.call("archive", year=2025)).text.endswith("in the archive.")


async def test_an_archive_can_be_stopped(mcp):
    running = await mcp.begin("archive", year=2025)
    await running.cancel()
    assert (await running.ended())["status"] == "cancelled"


async def test_an_export_asks_first(mcp):
    mcp.answer(elicitation={"name": "orders.csv"})
    assert (await mcp.call("export")).text == "orders.csv is written."
