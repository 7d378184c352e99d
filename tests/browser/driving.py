"""
Headless Chromium, as the tests drive it.

One browser serves a whole run; ``fresh()`` brings it back to where it began.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.process import PROJECT

Found = TypeVar("Found")

LIMIT = 30.0  # seconds any wait may take
# What a click raises that has not happened.
NOT_CLICKED = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
SCREENSHOTS = PROJECT / "var" / "screenshots"
MOST_STOPS = 200  # of the Tab key
DESKTOP, PHONE = 1280, 320  # pixels
THEMES = ("light", "dark")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

# Runs in every document before its own scripts.
COLLECTOR = """
window.mxViolations = [];
document.addEventListener("securitypolicyviolation", (event) => window.mxViolations.push(
    `${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
window.mxErrors = [];
addEventListener("error", (event) => window.mxErrors.push(event.message));
addEventListener("unhandledrejection", (event) => window.mxErrors.push(String(event.reason)));
"""
# Time that runs faster: what waits a minute waits half a second.
HASTE = """
{ const later = window.setTimeout; window.setTimeout = (f, wait, ...rest) => later(f, wait / 120, ...rest); }
"""
# Every answer is news, as if something had changed.
FORGETTING = """
{ const ask = window.fetch; window.fetch = (address, how) => ask(address, {...how, headers: {}}); }
"""
# Where the keyboard is: whether that is what is looked for, what it is, and whether it can be seen.
FOCUS = """
const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
return {
  isIt: at.matches(arguments[0]), name: at.outerHTML.slice(0, 160), isOurs: Boolean(at.closest(".mx")),
  isSeen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
    && box.width > 0 && box.bottom > 0 && box.top < innerHeight,
};
"""
AXE = """
const [within, tags, done] = arguments;
axe.run(within, {runOnly: tags, resultTypes: ["violations", "incomplete"]}).then(
    (found) => done({violations: found.violations, incomplete: found.incomplete}),
    (error) => done({error: String(error)}));
"""


class Browser:
    """A window of Chromium on one site."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        options = ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in (
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
            "--hide-scrollbars", "--force-color-profile=srgb", "--disable-background-networking",
        ):  # fmt: skip
            options.add_argument(argument)
        service = ChromeService("/usr/bin/chromedriver")
        self.driver = Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(60)
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=COLLECTOR)
        self._logins: dict[str, dict[str, Any]] = {}
        self._theme = "light"
        self._width = DESKTOP
        self._axe = ""

    def cdp(self, command: str, **parameters: Any) -> Any:
        """Send a command of Chromium's own protocol."""
        return self.driver.execute_cdp_cmd(command, parameters)

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()

    def fresh(self) -> None:
        """A desktop's window in the light, with scripts, on an empty page, nobody logged in."""
        self.scripts(on=True)
        self.offline(on=False)
        self.show_page(is_hidden=False)
        self.width(DESKTOP)
        self._theme = "light"
        self.driver.get("about:blank")
        self.cdp("Network.clearBrowserCookies")

    # Where it is

    def open(self, path: str) -> None:
        """Go to a page of the site."""
        self.driver.get(self.origin + path)
        self.apply_theme()

    def login(self, username: str) -> None:
        """Be somebody, through the login page the first time."""
        if username not in self._logins:
            self.cdp("Network.clearBrowserCookies")
            self.driver.get(f"{self.origin}/admin/login/?next=/admin/password_change/")
            self.find("#id_username").send_keys(username)
            self.find("#id_password").send_keys(username)
            self.click("[type=submit]")
            self.until(lambda: "/login/" not in self.driver.current_url)
            cookie = self.driver.get_cookie("sessionid")
            assert cookie is not None, self.text
            self._logins[username] = cookie
        else:
            cookie = self._logins[username]
            self.cdp(
                "Network.setCookie",
                url=self.origin, name=cookie["name"], value=cookie["value"], httpOnly=True,
            )  # fmt: skip

    # How it looks

    def width(self, pixels: int, height: int = 900) -> None:
        """Have a screen of this width, a phone's below 640 pixels."""
        self._width = pixels
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=pixels, height=height, deviceScaleFactor=1, mobile=pixels < 640,
        )  # fmt: skip

    def theme(self, name: str) -> None:
        """Wear the admin's light or dark theme, here and on the next pages."""
        self._theme = name
        self.apply_theme()

    def apply_theme(self) -> None:
        """As the admin's own switch does."""
        self.run(
            "document.documentElement.dataset.theme = arguments[0];"
            "document.getAnimations().forEach((animation) => animation.finish())",
            self._theme,
        )

    def scripts(self, *, on: bool) -> None:
        """Let pages run scripts, or not."""
        self.cdp("Emulation.setScriptExecutionDisabled", value=not on)

    def offline(self, *, on: bool) -> None:
        """Cut the network, or not."""
        self.cdp("Network.enable")
        self.cdp(
            "Network.emulateNetworkConditions",
            offline=on, latency=0, downloadThroughput=-1, uploadThroughput=-1,
        )  # fmt: skip

    @contextmanager
    def hastened(self) -> Iterator[None]:
        """Let time run 120 times faster in the pages that are opened from now on."""
        with self.prepared(HASTE):
            yield

    @contextmanager
    def prepared(self, script: str) -> Iterator[None]:
        """Run a script in every page before its own."""
        key = self.cdp("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"]
        try:
            yield
        finally:
            self.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=key)

    def forget_versions(self) -> None:
        """Let every answer to a live part be news."""
        self.run(FORGETTING)

    def show_page(self, *, is_hidden: bool) -> None:
        """Let the page think that it lies behind another."""
        with suppress(WebDriverException):
            self.run(
                "Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});"
                "document.dispatchEvent(new Event('visibilitychange'))",
                is_hidden,
            )

    def screenshot(self, name: str) -> Path:
        """Keep what the whole page looks like."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        target = SCREENSHOTS / f"{name}.png"
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        target.write_bytes(base64.b64decode(shot["data"]))
        return target

    # What is there

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page; what it returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        """The first element that a CSS selector names, as soon as it is there."""
        return self.until(lambda: self.driver.find_element("css selector", selector))

    def click(self, selector: str, *, by: str = "css selector") -> None:
        """Click what is there; one that the page renews in that moment is looked for again."""

        def clicked() -> bool:
            with suppress(*NOT_CLICKED):
                self.driver.find_element(by, selector).click()
                return True
            return False

        self.until(clicked)

    def read(self, selector: str) -> str:
        """The text of an element, which a page may renew in between."""
        return self.until(lambda: [self.driver.find_element("css selector", selector).text])[0]

    def find_all(self, selector: str) -> list[WebElement]:
        """All elements that a CSS selector names now."""
        return self.driver.find_elements("css selector", selector)

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return str(self.driver.find_element("css selector", "body").text)

    def until(self, condition: Callable[[], Found], within: float = LIMIT) -> Found:
        """Wait until something holds, and return it."""
        wait = WebDriverWait(self.driver, within, 0.05, ignored_exceptions=[WebDriverException])
        try:
            return wait.until(lambda _driver: condition())
        except TimeoutException:
            raise AssertionError(f"Not within {within} s at {self.driver.current_url}") from None

    def stays(self, condition: Callable[[], object], seconds: float) -> None:
        """See that something holds for a while, which nothing could announce."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert condition()
            self.driver.execute_async_script("setTimeout(arguments[0], 100)")

    # What is done by keyboard alone

    def press(self, *keys: str) -> None:
        """Press keys, or type text, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector: str) -> None:
        """Go on by Tab until the focus is on such an element; on all of our own it is seen."""
        for _ in range(MOST_STOPS):
            self.press(Keys.TAB)
            focus = self.run(FOCUS, selector)
            assert focus["isSeen"] or not focus["isOurs"], focus
            if focus["isIt"]:
                return
        raise AssertionError(
            f"No {selector} within {MOST_STOPS} stops of {self.driver.current_url}"
        )

    def skip_to_content(self) -> None:
        """Take the admin's link over the header and the sidebar."""
        self.tab_to(".skip-to-content-link")
        self.press(Keys.ENTER)

    @property
    def violations(self) -> list[str]:
        """What the page's policy had to forbid."""
        return list(self.run("return window.mxViolations"))

    @property
    def errors(self) -> list[str]:
        """What went wrong in the page's scripts."""
        return list(self.run("return window.mxErrors"))

    def requests_to(self, part: str) -> int:
        """How many requests the page has sent to addresses with this in them."""
        script = "return performance.getEntriesByType('resource').filter(e => e.name.includes(arguments[0])).length"
        return int(self.run(script, part))

    def axe(self, within: str = ".mx") -> dict[str, list[dict[str, Any]]]:
        """
        What axe-core finds there: violations, and what it could not decide.

        The window becomes as high as the page: of what lies across its end axe
        decides nothing.
        """
        height = int(self.cdp("Page.getLayoutMetrics")["cssContentSize"]["height"])
        self.width(self._width, height=max(900, height))
        if not self._axe:
            command = [sys.executable, str(PROJECT / "scripts" / "axe.py")]
            place = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            self._axe = Path(place.strip()).read_text(encoding="utf-8")
        if not self.run("return typeof axe === 'object'"):
            self.run(self._axe)
        # What the window's lower edge cuts through is what axe cannot decide.
        self.width(self._width, int(self.run("return document.documentElement.scrollHeight")) + 50)
        found: dict[str, Any] = self.driver.execute_async_script(AXE, within, TAGS)
        self.width(self._width)
        assert "error" not in found, found
        return found


def told(findings: list[dict[str, Any]]) -> list[str]:
    """Findings of axe as lines: the rule and the elements."""
    return [
        f"{finding['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for finding in findings
        for node in finding["nodes"]
    ]
