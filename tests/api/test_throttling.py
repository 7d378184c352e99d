"""Tests of mcp_transport.api.throttling."""

from __future__ import annotations

from pytest_django import Settings
from rest_framework.test import APIClient


def test_who_asks_too_often_is_told_when_to_come_back(root: APIClient, settings: Settings) -> None:
    settings.MCP_API_RATE = 2
    statuses = [root.get("/api/servers/").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert int(root.get("/api/servers/").headers["Retry-After"]) <= 60
