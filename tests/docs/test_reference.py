"""The reference pages say all there is, and what there is."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from mcp_transport.conf import Settings
from mcp_transport.management.subcommands import SUBCOMMANDS
from mcp_transport.protocol import errors
from mcp_transport.protocol.methods import METHODS
from mcp_transport.protocol.revisions import Revision

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


REFERENCE = script("write_reference")


@pytest.mark.parametrize("name", REFERENCE.PAGES)
def test_a_page_that_is_written_from_the_code_is_up_to_date(name: str) -> None:
    page = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert page == REFERENCE.PAGES[name](), "Run scripts/write_reference.py."


def test_every_feature_and_method_is_in_the_table_of_the_protocol() -> None:
    page = (DOCS / "reference" / "protocol.md").read_text(encoding="utf-8")
    rows = page.partition("## Methods")[2].partition("## Notifications")[0]
    assert set(re.findall(r"^\| `([\w/]+)` \|", rows, re.MULTILINE)) == set(METHODS)
    known = [field.name for field in fields(Revision) if field.name.startswith("has_")]
    assert page.count("✓") >= len(known)


def test_every_code_is_on_the_page_of_errors() -> None:
    page = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    codes = {value for value in vars(errors).values() if isinstance(value, int)}
    assert {int(code) for code in re.findall(r"^\| (-\d+)", page, re.MULTILINE)} == codes


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
    read = set(re.findall(r'(?:environ\.get|choice|flag|mapping|number|words)\(\s*"(\w+)"', source))
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == read


def test_every_variable_of_the_tutorial_is_one_that_is_read() -> None:
    tutorial = (DOCS / "tutorial" / "deploy.md").read_text(encoding="utf-8")
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    named = re.findall(r"^([A-Z_]+)=", tutorial, re.MULTILINE)
    assert named
    of_compose = {"POSTGRES_PASSWORD"}
    assert [name for name in named if f"`{name}`" not in page and name not in of_compose] == []


PAGES = list(DOCS.rglob("*.md")) + list(PROJECT.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
