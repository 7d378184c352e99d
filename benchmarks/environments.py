"""
An environment for each server to compare with, kept between runs.

A changed list of packages makes the environment anew; ``--upgrade`` of the
command forgets them all, so that the newest releases are compared.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[1]
FAST = ("uvicorn>=0.40,<1", "uvloop>=0.21", "httptools>=0.6.4")


class MissingToolError(Exception):
    """Something that has to be installed on the machine is not there."""


class Packages(NamedTuple):
    """What an environment holds; the first is the server that is measured."""

    name: str
    requirements: tuple[str, ...]


PYTHON_SDK = Packages("python-sdk", ("mcp>=2,<3", *FAST))
FASTMCP = Packages("fastmcp", ("fastmcp>=4,<5", *FAST))
MCPZ = Packages("django-mcpz", ("django-mcpz>=1.2,<2", "gunicorn>=23", *FAST))
TYPESCRIPT_SDK = Packages(
    "typescript-sdk", ("@modelcontextprotocol/server@2", "@modelcontextprotocol/node@2", "zod@4")
)


def cache() -> Path:
    """Where the environments are kept."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else PROJECT / "var" / "cache") / "mcp-benchmarks"


def forget() -> None:
    """Remove every environment."""
    shutil.rmtree(cache(), ignore_errors=True)


def python_of(packages: Packages) -> Path:
    """The interpreter of an environment, which is made on first use."""
    folder = cache() / packages.name
    python = folder / "bin" / "python"
    if not _is_current(folder, packages.requirements):
        _say(packages)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages.requirements], check=True, stdout=sys.stderr)
        _stamp(folder).write_text(_wish(packages.requirements), encoding="utf-8")
    return python


def node_of(packages: Packages) -> tuple[str, Path]:
    """The Node to run and the folder that holds the packages."""
    folder = cache() / packages.name
    find = runpy.run_path(str(PROJECT / "scripts" / "conformance" / "node.py"))["find"]
    node = find(cache().with_name("mcp-conformance"))  # one Node for both
    if not _is_current(folder, packages.requirements):
        _say(packages)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install = [*node.npm, "install", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(
            [*install, "--prefix", str(folder), *packages.requirements],
            check=True, cwd=folder, stdout=sys.stderr,
        )  # fmt: skip
        _stamp(folder).write_text(_wish(packages.requirements), encoding="utf-8")
    return str(node.node), folder


def releases() -> list[str]:
    """The releases that are installed, for the report."""
    found = []
    for packages in (PYTHON_SDK, FASTMCP, MCPZ, TYPESCRIPT_SDK):
        name = re.split(r"[<>=~]|(?<=.)@", packages.requirements[0])[0]
        release = _python_release(packages, name) or _node_release(packages, name)
        found += [f"{name} {release}"] if release else []
    return found


def _python_release(packages: Packages, name: str) -> str | None:
    folders = (cache() / packages.name).glob("lib/python*/site-packages")
    paths = [str(folder) for folder in folders]
    return next((item.version for item in distributions(name=name, path=paths)), None)


def _node_release(packages: Packages, name: str) -> str | None:
    manifest = cache() / packages.name / "node_modules" / name / "package.json"
    if not manifest.exists():
        return None
    return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])


def require(command: str, package: str) -> None:
    """Raise MissingToolError unless a program is installed."""
    if shutil.which(command) is None:
        raise MissingToolError(f"{command} is not installed: apt-get install {package}")


def _say(packages: Packages) -> None:
    print(f"installing {packages.requirements[0]}", file=sys.stderr, flush=True)


def _stamp(folder: Path) -> Path:
    return folder / "installed"


def _wish(requirements: Sequence[str]) -> str:
    return "\n".join(requirements)


def _is_current(folder: Path, requirements: Sequence[str]) -> bool:
    stamp = _stamp(folder)
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _wish(requirements)
