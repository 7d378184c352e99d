"""
The admin's pages inside other themes and under another Django.

    python -m tests.browser.hosts unfold admin-interface

Each host gets an environment of its own under ``var/hosts``, over that of the
tests. Every page of ``tests/browser/pages.py`` is opened there as a superuser, and
axe-core looks at what is ours. Exits with 1 if it found something, or a page failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.browser.conftest import SEED, SEED_LIMIT
from tests.browser.driving import THEMES, Browser, told
from tests.browser.pages import FORM, PAGES
from tests.process import PROJECT, Folder, Process

FOLDER = PROJECT / "var" / "hosts"
OURS = [page for page in PAGES if page.within != FORM]  # forms are the theme's
SETTINGS = """
from mcpsite.settings import *
INSTALLED_APPS = [*{apps!r}, *INSTALLED_APPS]
MCP_ADMIN_STRICT_CSP = {is_strict}
X_FRAME_OPTIONS = "SAMEORIGIN"
"""
# As unfold wears its themes; the stock admin's way is the browser's own.
DARK = "document.documentElement.classList.toggle('dark', arguments[0])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What an admin is made of beside the project's own packages."""

    packages: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    python: tuple[int, int] = (3, 11)
    is_strict: bool = True  # whether it stands the strict policy
    themes: tuple[str, ...] = THEMES


HOSTS = {
    "stock": Host(),
    "django-6.0": Host(packages=("django>=6.0,<6.1",), python=(3, 12)),
    "unfold": Host(packages=("django-unfold>=0.91,<1",), apps=("unfold",), is_strict=False),
    "admin-interface": Host(
        packages=("django-admin-interface>=0.32,<1",),
        apps=("admin_interface", "colorfield"),
        is_strict=False,
        themes=("light",),  # its own links cannot be read in the dark
    ),
}


def prepare(name: str) -> str:
    """Make the environment of a host; its interpreter."""
    place = FOLDER / name
    venv.create(place, clear=True, with_pip=True, symlinks=True)
    python = place / "bin" / "python"
    ours = sysconfig.get_path("purelib")  # behind its own packages, which come first
    library = place / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (library / "site-packages" / "tests.pth").write_text(f"{ours}\n", encoding="utf-8")
    if HOSTS[name].packages:
        install = [str(python), "-m", "pip", "install", "--quiet", *HOSTS[name].packages]
        subprocess.run(install, check=True)
    return str(python)


def visit(name: str) -> list[str]:
    """Open every page in a host; what is wrong with them."""
    host = HOSTS[name]
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        settings = SETTINGS.format(apps=host.apps, is_strict=host.is_strict)
        (place / "host_settings.py").write_text(settings, encoding="utf-8")
        folder = Folder(place)
        folder.environment["DJANGO_SETTINGS_MODULE"] = "host_settings"
        folder.environment["PYTHONPATH"] = f"{PROJECT}{os.pathsep}{place}"
        folder.manage("migrate", "--verbosity", "0")
        keys = json.loads(folder.manage("shell", "--verbosity", "0", "-c", SEED, within=SEED_LIMIT))
        with closing(Process(folder)) as process:
            asyncio.run(process.start())
            with closing(Browser(f"http://127.0.0.1:{process.port}")) as browser:
                browser.login("root")
                return [
                    line
                    for page in OURS
                    for line in look(browser, page.path.format(**keys), host.themes)
                ]


def look(browser: Browser, path: str, themes: tuple[str, ...]) -> list[str]:
    """What is wrong with a page."""
    found = []
    for theme in themes:
        browser.theme(theme)
        browser.open(path)
        browser.run(DARK, theme == "dark")
        if not browser.find_all(".mx"):
            return [f"{path}: our page is not there: {browser.driver.title}"]
        found += [f"{path} {theme}: {line}" for line in told(browser.axe()["violations"])]
    return found


def run(name: str) -> bool:
    """Visit a host in its environment; whether all is well, or it cannot be had here."""
    if sys.version_info < HOSTS[name].python:
        needed = ".".join(map(str, HOSTS[name].python))
        sys.stdout.write(f"{name}: left out, it needs Python {needed}\n")
        return True
    command = [prepare(name), "-m", "tests.browser.hosts", "--inside", name]
    return subprocess.run(command, cwd=PROJECT).returncode == 0


def main(arguments: list[str]) -> int:
    """Visit the hosts that are named, or all; the exit status."""
    parser = argparse.ArgumentParser(prog="hosts")
    parser.add_argument("--inside", action="store_true", help="this is the host's environment")
    parser.add_argument("hosts", nargs="*", choices=[*HOSTS, []])
    wanted = parser.parse_args(arguments)
    if not wanted.inside:
        seen = [run(name) for name in wanted.hosts or HOSTS]
        return 0 if all(seen) else 1
    found = visit(wanted.hosts[0])
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stdout.write(f"{wanted.hosts[0]}: {len(OURS)} pages, {len(found)} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
