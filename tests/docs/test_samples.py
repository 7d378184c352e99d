"""The code that the documentation shows is code that runs."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
SAMPLES = DOCS / "samples"
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = sorted(DOCS.rglob("*.md")) + [PROJECT / "README.md"]
# Pages all of whose Python stands in samples that are run below.
SHOWN = {
    "tutorial/first-tool.md": "library",
    "tutorial/resource-and-prompt.md": "library",
    "tutorial/test.md": "library",
    "howto/dependencies.md": "orders",
    "howto/long-tools.md": "reports",
    "howto/openapi.md": "pets",
    "howto/tell-of-changes.md": "profiles",
    "howto/test-your-tools.md": "orders",
}


def blocks(page: Path) -> list[str]:
    return PYTHON.findall(page.read_text(encoding="utf-8"))


def source_of(sample: str) -> str:
    files = sorted((SAMPLES / sample).glob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize(("page", "sample"), SHOWN.items())
def test_a_page_shows_its_sample(page: str, sample: str) -> None:
    source = source_of(sample)
    assert [block for block in blocks(DOCS / page) if block.strip() not in source] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_what_a_page_shows_is_python(page: Path) -> None:
    for block in blocks(page):
        compile(block, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def test_the_clock_is_shown_as_it_is_configured() -> None:
    first = blocks(DOCS / "howto" / "stdio-servers.md")[0]
    assert first.strip() in source_of("clock")


def test_the_weather_is_shown_as_it_is_configured() -> None:
    first = blocks(DOCS / "howto" / "remote-servers.md")[0]
    assert first.strip() in source_of("weather")


def test_the_tutorial_shows_the_whole_of_its_app() -> None:
    shown = "\n\n".join(
        block.strip("\n")
        for page in ("first-tool", "resource-and-prompt", "test")
        for block in blocks(DOCS / "tutorial" / f"{page}.md")
    )
    for name in ("mcp.py", "conftest.py", "test_mcp.py"):
        for line in (SAMPLES / "library" / name).read_text(encoding="utf-8").splitlines():
            assert line in shown, f"{name}: {line!r} is on no page."


@pytest.mark.parametrize("sample", sorted({*SHOWN.values(), "clock", "weather"}))
def test_the_tests_of_a_sample_pass(sample: str, tmp_path: Path) -> None:
    settings = {
        "DJANGO_SETTINGS_MODULE": "mcpsite.settings",
        "MCP_EXTRA_APPS": f"docs.samples.{sample}",
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"docs/samples/{sample}"],
        cwd=PROJECT, env=os.environ | settings, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
