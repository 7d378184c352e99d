"""Discovery: a missing module is silence, a broken one is raised."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from django.test import override_settings

from mcp_transport.registry.discovery import autodiscover


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an app that can be installed."""
    folder = tmp_path / "discovered"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("discovered", "discovered.mcp"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return folder


def discover() -> None:
    """Discover with that app alone."""
    with override_settings(INSTALLED_APPS=["discovered"]):
        autodiscover()


def test_the_mcp_module_of_an_app_is_imported(app: Path) -> None:
    (app / "mcp.py").write_text("imported = True\n")
    discover()
    assert sys.modules["discovered.mcp"].imported is True


def test_an_app_without_one_is_passed_over(app: Path) -> None:
    discover()
    assert "discovered.mcp" not in sys.modules


def test_a_broken_module_is_raised(app: Path) -> None:
    (app / "mcp.py").write_text("import nowhere_to_be_found\n")
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        discover()
