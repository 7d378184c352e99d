"""Tests of mcp_transport.checks.monitoring."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from mcp_transport.checks import monitoring
from mcp_transport.monitoring.sharing import FOLDER


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    settings.MCP_METRICS_PATH = "/metrics"


def test_a_library_that_is_asked_for_has_to_be_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MCP_TRACING = True
    assert monitoring.check_libraries() == []
    monkeypatch.setattr(monitoring, "find_spec", lambda name: None)
    errors = monitoring.check_libraries()
    assert [error.id for error in errors] == ["mcp.E013"] * 2
    assert "'metrics'" in str(errors[0].hint) and "'otel'" in str(errors[1].hint)
    settings.MCP_METRICS_PATH, settings.MCP_TRACING = None, False
    assert monitoring.check_libraries() == []


def test_the_shared_folder_has_to_be_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert monitoring.check_shared_folder() == []
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert monitoring.check_shared_folder() == []
    monkeypatch.setenv(FOLDER, str(tmp_path / "none"))
    assert [error.id for error in monitoring.check_shared_folder()] == ["mcp.E014"]


def test_figures_for_anybody_are_pointed_out(settings: Settings) -> None:
    assert monitoring.check_metrics_access() == []
    settings.MCP_METRICS_ACCESS = "anybody"
    assert [warning.id for warning in monitoring.check_metrics_access()] == ["mcp.W021"]
    settings.MCP_METRICS_PATH = None
    assert monitoring.check_metrics_access() == []


def test_processes_that_show_their_own_figures_alone_are_pointed_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert monitoring.check_every_process_is_measured() == []
    settings.MCP_WORKERS = 2
    warnings = monitoring.check_every_process_is_measured()
    assert [warning.id for warning in warnings] == ["mcp.W022"]
    monkeypatch.setenv(FOLDER, "/anywhere")
    assert monitoring.check_every_process_is_measured() == []
