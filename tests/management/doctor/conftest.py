"""A server whose application a test chooses, and a visit to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from mcp_transport.management.doctor import streams
from mcp_transport.management.doctor.visit import Visit
from tests.management.doctor.patient import TOKEN, Application, Patient

START_LIMIT = 60.0  # seconds
PATIENCE = 30.0  # seconds
HURRY = 1.0  # seconds, where something is not to come


class Ward:
    """A server on loopback and the application it serves at the moment."""

    def __init__(self) -> None:
        self.application: Application = Patient()
        config = uvicorn.Config(
            self.serve,
            port=0,
            interface="asgi3",
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
            log_config=None,
            access_log=False,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)

    async def serve(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand over to the application of the test."""
        await self.application(scope, receive, send)

    def start(self) -> str:
        """Start the server; its address."""
        self.thread.start()
        deadline = time.monotonic() + START_LIMIT
        while not self.server.started:
            assert time.monotonic() < deadline, "The server did not start."
            time.sleep(0.01)
        return f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        """Stop the server."""
        self.server.should_exit = True
        self.thread.join(START_LIMIT)


@pytest.fixture(scope="session")
def running_ward() -> Iterator[tuple[Ward, str]]:
    """The server of all tests, and its address."""
    ward = Ward()
    address = ward.start()
    yield ward, address
    ward.stop()


@pytest.fixture
def patient() -> Patient:
    """An endpoint that is well."""
    return Patient()


@pytest.fixture
def ward(running_ward: tuple[Ward, str], patient: Patient) -> Ward:
    """The server, serving the patient until the test says otherwise."""
    running_ward[0].application = patient
    return running_ward[0]


@pytest.fixture
def visit(
    ward: Ward, running_ward: tuple[Ward, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Visit]:
    """A visit to the patient, with a good token and much patience."""
    monkeypatch.setattr(streams, "PROMPT", PATIENCE)
    url = f"{running_ward[1]}/mcp/shop"
    visit = Visit(url, token=TOKEN, timeout=PATIENCE, patience=PATIENCE)
    yield visit
    visit.close()
