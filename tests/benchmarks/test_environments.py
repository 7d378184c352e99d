"""An environment is made once, and anew when it is to hold something else."""

from __future__ import annotations

import json
import subprocess
import venv
from pathlib import Path
from typing import Any

import pytest

from benchmarks.environments import MissingToolError, Packages, python_of, releases, require


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The commands that would have installed something."""
    commands: list[list[str]] = []

    def create(folder: Path, **_options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(venv, "create", create)
    monkeypatch.setattr(subprocess, "run", lambda command, **_options: commands.append(command))
    return commands


def test_an_environment_is_installed_once(made: list[list[str]], tmp_path: Path) -> None:
    packages = Packages("peer", ("peer>=1", "uvicorn"))
    python = python_of(packages)
    assert python == python_of(packages) == tmp_path / "mcp-benchmarks" / "peer" / "bin" / "python"
    assert len(made) == 1
    assert made[0][-2:] == ["peer>=1", "uvicorn"]


def test_other_requirements_make_it_anew(made: list[list[str]]) -> None:
    python_of(Packages("peer", ("peer>=1",)))
    python_of(Packages("peer", ("peer>=2",)))
    assert [command[-1] for command in made] == ["peer>=1", "peer>=2"]


def test_a_program_that_is_missing_is_named_with_its_package() -> None:
    with pytest.raises(MissingToolError, match="apt-get install some-package"):
        require("no-such-program", "some-package")
    require("sh", "dash")


def test_the_releases_that_are_installed_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache = tmp_path / "mcp-benchmarks"
    metadata = cache / "python-sdk" / "lib" / "python3.11" / "site-packages" / "mcp-2.3.0.dist-info"
    package = cache / "typescript-sdk" / "node_modules" / "@modelcontextprotocol" / "server"
    metadata.mkdir(parents=True)
    package.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mcp\nVersion: 2.3.0\n")
    (package / "package.json").write_text(json.dumps({"version": "2.4.0"}))
    assert releases() == ["mcp 2.3.0", "@modelcontextprotocol/server 2.4.0"]
