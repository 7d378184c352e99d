"""Runs over several worker processes: which one shows a page makes no difference."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio

from tests.admin.trying.browsing import Fields
from tests.process import Folder, Process

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]

ROOT = """
from django.contrib.auth.models import User
User.objects.create_superuser("root", password="root")
"""
LIMIT = 30.0  # seconds any wait may take


class Operator:
    """Somebody with a browser, and two processes that it may reach."""

    def __init__(self, first: Process, second: Process) -> None:
        self.first = first
        self.second = second
        self.http = httpx.AsyncClient(timeout=LIMIT, follow_redirects=False)

    async def login(self) -> None:
        """Log in."""
        page = await self.get(self.first, "/admin/login/")
        form = {**Fields(page).forms[-1], "username": "root", "password": "root"}
        await self.post(self.first, "/admin/login/?next=/admin/", form)

    async def get(self, process: Process, path: str) -> str:
        """A page as one process shows it."""
        return (await self.http.get(f"http://127.0.0.1:{process.port}{path}")).text

    async def post(self, process: Process, path: str, form: dict[str, str]) -> str:
        """Send a form to one process; where it leads."""
        answer = await self.http.post(f"http://127.0.0.1:{process.port}{path}", data=form)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    async def begin(self, tool: str) -> str:
        """Start a run in the first process; its page."""
        key = self.first.folder.rows("SELECT id FROM mcp_transport_server WHERE slug = 'open'")[0][
            0
        ]
        query = urlencode({"kind": "tool", "name": tool})
        path = f"/admin/mcp_transport/server/{key}/try/?{query}"
        form = Fields(await self.get(self.first, path)).forms[-1]
        return await self.post(self.first, path, {**form, "do": "call", "confirm": tool})

    async def until(self, path: str, condition: Callable[[str], object]) -> str:
        """Wait until the second process shows something."""
        async with asyncio.timeout(LIMIT):
            while not condition(page := await self.get(self.second, path)):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.1)
        return page

    async def reply(self, path: str, page: str, do: str, **typed: str) -> None:
        """Answer a question by the second process."""
        form = next(f for f in Fields(page).forms if "question" in f)
        await self.post(self.second, path, {**form, **typed, "do": do})


@pytest_asyncio.fixture
async def operator(tmp_path: Path) -> AsyncIterator[Operator]:
    """A superuser, logged in to a site of two processes."""
    folder = Folder(tmp_path).prepare()
    folder.manage("shell", "--verbosity", "0", "-c", ROOT)
    first, second = Process(folder), Process(folder)
    try:
        await asyncio.gather(first.start(), second.start())
        made = Operator(first, second)
        await made.login()
        yield made
        await made.http.aclose()
    finally:
        first.close()
        second.close()


def has(text: str) -> Callable[[str], object]:
    """Whether a page shows a state."""
    return lambda page: re.search(rf"mx-verdict.*{text}", page)


async def test_a_run_is_seen_answered_and_cancelled_by_another_process(
    operator: Operator,
) -> None:
    path = await operator.begin("greet")
    page = await operator.until(path, has("asks you"))
    await operator.reply(path, page, "accept", **{"/name": "Ada"})
    page = await operator.until(path, has("succeeded"))
    assert "Ada" in page
    assert "You answered." in page

    path = await operator.begin("greet")
    page = await operator.until(path, has("asks you"))
    await operator.reply(path, page, "cancel-run")
    await operator.until(path, has("cancelled"))

    path = await operator.begin("greet")
    await operator.until(path, has("asks you"))
    operator.first.kill()
    page = await operator.until(path, has("protocol error"))
    assert "interrupted" in page
