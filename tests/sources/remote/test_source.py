"""Tests of mcp_transport.sources.remote.source: this project as a server behind itself, in both eras."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import HTTP_REVISIONS
from tests.sources.remote.conftest import ERAS, Sited

pytestmark = pytest.mark.server


@pytest.mark.parametrize("revision", HTTP_REVISIONS)
async def test_everything_is_offered_under_the_alias_and_can_be_used(
    sited: Sited, far: dict[str, Any], revision: str
) -> None:
    async with sited(far=far) as site:
        client = site.client("open", revision=revision)
        assert {"far_repeat", "far_add"} <= set(await client.tools())
        assert "note://plain" in await client.resources()
        assert "file:///shelf/{+path}" in await client.templates()
        assert "far_plan" in await client.prompts()
        assert (await client.call("far_repeat", text="Grüße\n\u2028")).text == "Grüße\n\u2028"
        assert (await client.read("note://plain")).text
        assert (await client.prompt("far_plan", season="spring")).text
        assert await client.complete("far_plan", "season", "s")


@pytest.mark.parametrize("revision", ERAS)
async def test_progress_reaches_the_client(
    sited: Sited, far: dict[str, Any], revision: str
) -> None:
    async with sited(far=far) as site:
        outcome = await site.client("open", revision=revision).call("far_count", steps=3)
        assert [report.done for report in outcome.progress] == [1, 2, 3]


@pytest.mark.parametrize("revision", ERAS)
async def test_the_client_answers_what_the_server_asks(
    sited: Sited, far: dict[str, Any], revision: str
) -> None:
    async with sited(far=far) as site:
        client = site.client("open", revision=revision)
        client.answer(elicitation={"name": "Ada"}, sampling="thought")
        assert "Ada" in (await client.call("far_greet")).text
        assert "thought" in (await client.call("far_compose", words="x")).text
