"""A site that takes hard input: everything that is logged as its own fault is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.asgi import get_asgi_application

from mcp_transport.models import Server
from mcp_transport.routing import mcp_application
from mcp_transport.worker.lifespan import runtime
from tests.apps.good.probe import probe
from tests.fuzz.attempts import OFFERS, Attempt
from tests.fuzz.in_process import Exchange
from tests.fuzz.judging import Answer
from tests.fuzz.site import Site


class Faults(logging.Handler):
    """Keeps what the project logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What went wrong inside; a test wants it to stay empty."""
    handler = Faults()
    logger = logging.getLogger("mcp_transport")
    logger.addHandler(handler)
    yield handler.records
    logger.removeHandler(handler)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that outlives one example."""
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@pytest.fixture
def site(
    transactional_db: None, settings: Any, loop: asyncio.AbstractEventLoop, faults: list[str]
) -> Iterator[Site]:
    """The site in this process, with clients of every revision."""
    settings.MCP_ANSWER_TIMEOUT = 0.2
    settings.MCP_DRAIN_TIMEOUT = 1.0
    settings.MCP_REST = True
    Server.objects.create(slug="fuzz", access="public", offers=OFFERS)
    Server.objects.create(slug="guarded", access="token", offers=OFFERS)
    probe.reset()
    loop.run_until_complete(runtime().start())
    application = mcp_application(get_asgi_application())

    async def send(attempt: Attempt) -> Answer:
        return await Exchange(attempt).run(application)

    made = Site(send, application)
    try:
        loop.run_until_complete(made.prepare())
        yield made
    finally:
        loop.run_until_complete(runtime().stop())
