"""Clients that take their time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import pytest
from django.core.asgi import get_asgi_application

from mcp_transport.routing import mcp_application
from tests.fuzz.attempts import Attempt
from tests.fuzz.in_process import Exchange
from tests.fuzz.mutations import encoded
from tests.fuzz.site import GOOD, Site

LIMIT = 30.0


class Slow(Exchange):
    """A client whose body comes up to some part and no further."""

    def __init__(self, attempt: Attempt, *parts: bytes) -> None:
        super().__init__(attempt)
        self._coming = deque(parts)

    async def _receive(self) -> dict[str, Any]:
        if not self._coming:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": self._coming.popleft(), "more_body": True}


@pytest.mark.parametrize("parts", [(), (b"",), (b"{",), (b"{", b'"id"')])
def test_a_body_that_does_not_arrive_is_not_waited_for(
    site: Site, settings: Any, loop: asyncio.AbstractEventLoop, parts: tuple[bytes, ...]
) -> None:
    settings.MCP_BODY_TIMEOUT = 0.05
    application = mcp_application(get_asgi_application())
    good = encoded(GOOD)
    answer = loop.run_until_complete(run(Slow(good, *parts), application))
    assert answer.status == 408
    assert answer.headers["connection"] == "close"
    loop.run_until_complete(site.check_good_call())


async def run(slow: Slow, application: Any) -> Any:
    async with asyncio.timeout(LIMIT):
        return await slow.run(application)
