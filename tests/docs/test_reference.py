"""The reference pages say all there is, and what there is."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from mcp_transport.conf import Settings
from mcp_transport.management.subcommands import SUBCOMMANDS

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"


def script(name: str) -> ModuleType:
    """A module of the scripts folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, PROJECT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_settings_is_up_to_date() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    assert page == script("write_reference").page()


def test_every_setting_is_documented() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## (\w+)", page, re.MULTILINE)) == set(Settings.__annotations__)


def test_every_subcommand_is_documented() -> None:
    page = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `mcp (\w+)", page, re.MULTILINE)) == set(SUBCOMMANDS)


def test_every_variable_of_the_site_is_documented() -> None:
    source = "".join(
        (PROJECT / "mcpsite" / name).read_text(encoding="utf-8")
        for name in ("settings.py", "environment.py")
    )
    read = set(re.findall(r'(?:environ\.get|flag|words)\(\s*"(\w+)"', source))
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == read


PAGES = list(DOCS.rglob("*.md")) + list(PROJECT.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
