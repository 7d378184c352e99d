"""
Takes the documentation's pictures of the admin, in docs/images.

    PYTHONPATH=. python scripts/pictures.py
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import django
from with_site import running_site

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.browser.driving import Browser  # noqa: E402  its tests have the site and the browser
from tests.browser.test_trying import BOOKS, Shop  # noqa: E402
from tests.process import Folder, Process  # noqa: E402

IMAGES = PROJECT / "docs" / "images"
SEED = "import json; from tests.browser.seed import fill, keys, tidy; fill(); tidy(); print(json.dumps(keys()))"
#: Name, path, width, height and theme.
PICTURES = (
    ("overview-light", "/admin/mcp_transport/overview/", 1280, 980, "light"),
    ("overview-dark", "/admin/mcp_transport/overview/", 1280, 980, "dark"),
    ("overview-phone", "/admin/mcp_transport/overview/", 390, 844, "light"),
)


def take(browser: Browser, name: str, path: str, width: int, height: int, theme: str) -> None:
    """Keep what the top of a page looks like."""
    browser.width(width, height)
    browser.theme(theme)
    browser.open(path)
    if width < 640:  # below the site's own header
        browser.run("document.querySelector('.mx').scrollIntoView()")
    keep(browser, name)


def take_runs(shop: Shop) -> None:
    """Keep what a tool looks like that was called, and one that asks."""
    shop.browser.width(1280, 860)
    shop.browser.theme("light")
    shop.open("search_books")
    shop.type("/words", "Darwin")
    shop.press("call")
    shop.browser.until(shop.is_done)
    keep(shop.browser, "try-result")
    shop.order()
    shop.press("call")
    shop.browser.until(lambda: "asks you" in shop.stands())
    keep(shop.browser, "try-asks", is_whole=True)


def take_consent() -> None:
    """Keep what a user of the demo is asked when a client signs in."""
    with running_site(None) as site:
        origin = site.endpoint.partition("/mcp/")[0]
        browser = Browser(origin)
        try:
            browser.fresh()
            browser.width(880, 880)
            browser.open(asking(site.endpoint, origin))
            name, _, password = site.login.partition(":")
            browser.find("#id_username").send_keys(name)
            browser.find("#id_password").send_keys(password)
            browser.find("[type=submit]").click()
            browser.until(lambda: "Let it in" in browser.text)
            keep(browser, "consent")
        finally:
            browser.close()


def asking(endpoint: str, origin: str) -> str:
    """The path that a client which has registered itself sends the user to."""
    callback = "http://127.0.0.1:33418/callback"
    client = {"client_name": "Claude Code", "redirect_uris": [callback]}
    said = Request(f"{origin}/oauth/register", json.dumps(client).encode())
    with urlopen(said, timeout=30) as answer:
        client_id = json.load(answer)["client_id"]
    query = {
        "response_type": "code", "client_id": client_id, "redirect_uri": callback,
        "code_challenge": "x" * 43, "code_challenge_method": "S256", "resource": endpoint,
    }  # fmt: skip
    return f"/oauth/authorize?{urlencode(query)}"


def keep(browser: Browser, name: str, *, is_whole: bool = False) -> None:
    """Write what the window, or the whole page, looks like."""
    if is_whole:
        shot = browser.screenshot(name).read_bytes()
    else:
        shot = base64.b64decode(browser.cdp("Page.captureScreenshot")["data"])
    (IMAGES / f"{name}.png").write_bytes(shot)


def main() -> None:
    """Make the site, and take them all."""
    IMAGES.mkdir(exist_ok=True)
    take_consent()
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name))
        folder.manage("migrate", "--verbosity", "0")
        keys = json.loads(folder.manage("shell", "--verbosity", "0", "-c", SEED, within=300))
        process = Process(folder)
        asyncio.run(process.start())
        browser = Browser(f"http://127.0.0.1:{process.port}")
        try:
            browser.fresh()
            browser.login("root")
            for picture in PICTURES:
                title, path, width, height, theme = picture
                take(browser, title, path.format(**keys), width, height, theme)
            books = json.loads(folder.manage("shell", "--verbosity", "0", "-c", BOOKS))
            take_runs(Shop(browser, *books))
        finally:
            browser.close()
            process.close()


if __name__ == "__main__":
    main()
