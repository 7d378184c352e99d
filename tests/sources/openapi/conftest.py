"""What tests of OpenAPI documents start from."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from mcp_transport.outgoing import exchanging
from tests.upstream import Upstream, running


@pytest.fixture(autouse=True)
def quick_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is so at once."""
    monkeypatch.setattr(exchanging, "FIRST_DELAY", 0.001)


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """An API that notes what it gets."""
    async with running() as upstream:
        yield upstream
