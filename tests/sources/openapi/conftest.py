"""What tests of OpenAPI documents start from."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.sources.openapi.upstream import Upstream, running


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """An API that notes what it gets."""
    async with running() as upstream:
        yield upstream
