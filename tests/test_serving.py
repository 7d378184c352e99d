"""Tests of mcp_transport.serving."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from mcp_transport.serving import application_path, worker_count


def test_the_application_is_named_as_servers_want_it(settings: Settings) -> None:
    settings.ASGI_APPLICATION = "mcpsite.asgi.application"
    assert application_path() == "mcpsite.asgi:application"


@pytest.mark.parametrize(
    ("said", "environment", "count"), [(None, "", 1), (None, "4", 4), (None, "0", 1), (3, "4", 3)]
)
def test_the_setting_says_how_many_processes_serve_before_the_environment_does(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    said: int | None,
    environment: str,
    count: int,
) -> None:
    settings.MCP_WORKERS = said
    monkeypatch.setenv("WEB_CONCURRENCY", environment)
    assert worker_count() == count
