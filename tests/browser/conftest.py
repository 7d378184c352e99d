"""The site and the browser that a whole run shares."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.driving import Browser
from tests.browser.pages import PAGES, Shown
from tests.process import Folder, Process

SEED_LIMIT = 150.0  # seconds
SEED = "import json; from tests.browser.seed import fill, keys; fill(); print(json.dumps(keys()))"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give these tests more time, and say which of them have the site."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(180))
            if "site" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.server)


class Site:
    """A served site with the rows of the seed."""

    def __init__(self, folder: Folder, process: Process, keys: dict[str, Any]) -> None:
        self.folder = folder
        self.process = process
        self.keys = keys
        self.origin = f"http://127.0.0.1:{process.port}"

    def path(self, page: Shown) -> str:
        """Where a page is on this site."""
        return page.path.format(**self.keys)

    def run(self, code: str) -> str:
        """Run Python over the site's database, in a process of its own; what it prints."""
        return self.folder.manage("shell", "--verbosity", "0", "-c", code)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A real server process over a seeded database of its own."""
    folder = Folder(tmp_path_factory.mktemp("browser"))
    folder.manage("migrate", "--verbosity", "0")
    keys = json.loads(folder.manage("shell", "--verbosity", "0", "-c", SEED, within=SEED_LIMIT))
    process = Process(folder)
    try:
        asyncio.run(process.start())
        yield Site(folder, process, keys)
    finally:
        process.close()


@pytest.fixture(scope="session")
def chromium(site: Site) -> Iterator[Browser]:
    """The one browser; that there is none is a failure."""
    browser = Browser(site.origin)
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """The browser as it began: a desktop in the light, nobody logged in."""
    chromium.fresh()
    return chromium


@pytest.fixture
def operator(browser: Browser) -> Browser:
    """The browser of a superuser."""
    browser.login("root")
    return browser


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request: pytest.FixtureRequest) -> Shown:
    """Each page of the list."""
    shown: Shown = request.param
    return shown
