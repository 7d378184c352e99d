"""Trying a tool in the browser: the form, the run while it goes on, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.browser.conftest import Site
from tests.browser.driving import DESKTOP, PHONE, THEMES, Browser, told
from tests.browser.test_pages import CONTRAST, SMALL

EVERY_PART_IS_OVER = """
return [...document.querySelectorAll("[data-live]")].every((part) => part.querySelector("[data-over]"));
"""
BOOKS = """
from tools.demo.shelves import fill
from tools.demo.models import Book
from mcp_transport.models import Server
import json
if not Book.objects.exists():
    fill()
Book.objects.update(stock=1000)
print(json.dumps([Server.objects.get(slug="shop").pk, list(Book.objects.values_list("code", flat=True)[:2])]))
"""


class Shop:
    """The demo's bookshop in a browser, whose pages renew at any moment what is pressed or read."""

    def __init__(self, browser: Browser, server: int, books: list[str]) -> None:
        self.browser = browser
        self.server = server
        self.books = books

    def open(self, name: str, kind: str = "tool") -> None:
        """Go to the form of an entry."""
        query = urlencode({"kind": kind, "name": name})
        self.browser.open(f"/admin/mcp_transport/server/{self.server}/try/?{query}")

    def type(self, name: str, text: str) -> None:
        """Type into the input of a name."""

        def typed() -> bool:
            element = self.browser.find(f'[name="{name}"]')
            element.clear()
            element.send_keys(text)
            return True

        self.browser.until(typed)

    def choose(self, name: str, value: str) -> None:
        """Choose an option or a way."""
        self.browser.click(f'select[name="{name}"] option[value={json.dumps(value)}]')

    def press(self, value: str) -> None:
        """Press a button by what it does."""
        self.browser.click(f'button[value="{value}"]:not(.mx-unseen)')

    def order(self) -> None:
        """Order two books for a group."""
        self.open("order_for_group")
        self.type("/lines/0/code", self.books[0])
        self.press("add:/lines")
        self.type("/lines/1/code", self.books[1])
        self.type("/lines/1/copies", "2")
        self.browser.click('input[name="choice:/delivery"][value="1"]')
        for name, text in (("name", "Ada"), ("street", "Hill 1"), ("city", "Bern")):
            self.type(f"/delivery/~|1/{name}", text)

    def is_done(self) -> bool:
        """Whether the run has ended."""
        return bool(self.browser.find_all("[data-over]"))

    def stands(self) -> str:
        """How the run stands."""
        return self.browser.until(lambda: self.browser.find(".mx-verdict .mx-status").text)


@pytest.fixture(scope="session")
def stock(site: Site) -> tuple[int, list[str]]:
    """The key of the shop's server, and two books."""
    server, books = json.loads(site.run(BOOKS))
    return server, books


@pytest.fixture
def shop(operator: Browser, stock: tuple[int, list[str]]) -> Shop:
    """The shop as a superuser sees it."""
    return Shop(operator, *stock)


def test_a_tool_is_tried_from_its_form_to_its_result(shop: Shop) -> None:
    browser = shop.browser
    shop.order()
    browser.screenshot("try-filled-desktop-light")
    shop.press("call")
    browser.until(lambda: "asks you" in shop.stands())
    browser.screenshot("run-asks-desktop-light")
    shop.choose("/wrapping", '"paper"')
    shop.type("/greeting", "Have fun")
    shop.press("accept")
    browser.until(lambda: browser.find_all("progress") or shop.is_done())
    browser.screenshot("run-going-desktop-light")
    browser.until(lambda: shop.is_done() and "succeeded" in shop.stands())  # the page renews it
    assert "You answered." in browser.text
    assert "packing" in browser.text
    assert "2 orders, wrapping: paper" in browser.text
    assert browser.violations == []
    assert browser.errors == []
    browser.driver.refresh()
    assert "succeeded" in shop.stands()
    browser.screenshot("run-over-desktop-light")


def test_a_run_is_cancelled_while_it_asks(shop: Shop) -> None:
    shop.order()
    shop.press("call")
    shop.browser.until(lambda: "asks you" in shop.stands())
    shop.press("cancel-run")
    shop.browser.until(lambda: "cancelled" in shop.stands())
    shop.browser.until(lambda: "The run ended before it was answered." in shop.browser.text)


def test_what_is_typed_in_answer_stays_while_the_page_is_live(shop: Shop) -> None:
    shop.order()
    shop.press("call")
    shop.browser.until(lambda: shop.browser.find_all('[name="/greeting"]'))
    shop.type("/greeting", "Still here")
    shop.browser.run("document.activeElement.blur()")
    shop.browser.run("performance.clearResourceTimings()")
    shop.browser.until(lambda: shop.browser.requests_to("/live/questions/") >= 2)
    greeting = shop.browser.until(
        lambda: shop.browser.find('[name="/greeting"]').get_attribute("value")
    )
    assert greeting == "Still here"
    shop.press("cancel-run")


def test_a_run_that_is_over_is_asked_about_no_more(shop: Shop) -> None:
    shop.open("take_stock")
    shop.type("/pause", "0.05")
    shop.press("call")
    shop.browser.until(shop.is_done)
    shop.browser.until(lambda: bool(shop.browser.run(EVERY_PART_IS_OVER)))
    shop.browser.run("performance.clearResourceTimings()")
    shop.browser.stays(lambda: shop.browser.requests_to("/live/") == 0, 2.5)


def test_what_is_wrong_has_the_focus_and_leads_to_its_field(shop: Shop) -> None:
    browser = shop.browser
    shop.open("order_for_group")
    shop.press("call")
    browser.until(lambda: browser.run("return document.activeElement.matches('.mx-problems')"))
    browser.screenshot("try-wrong-desktop-light")
    browser.click(".mx-problems a")
    target = "return document.querySelector(':target')?.getAttribute('name')"
    browser.until(lambda: browser.run(target) == "/lines/0/code")


def test_only_the_chosen_alternative_is_seen(shop: Shop) -> None:
    shop.open("order_for_group")
    seen = {
        way: shop.browser.find(f'[name="/delivery/~|{way}/{name}"]').is_displayed()
        for way, name in ((0, "day"), (1, "street"))
    }
    assert seen == {0: True, 1: False}
    shop.browser.click('input[name="choice:/delivery"][value="1"]')
    assert shop.browser.find('[name="/delivery/~|1/street"]').is_displayed()


def test_control_and_enter_call_the_tool(shop: Shop) -> None:
    shop.open("echo")
    shop.type("/text", "loud")
    shop.browser.run(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'Enter', ctrlKey: true, bubbles: true}))"
    )
    shop.browser.until(shop.is_done)
    assert "loud" in shop.browser.text


@pytest.fixture
def without_scripts(shop: Shop) -> Iterator[Shop]:
    """The same in a browser that runs none."""
    shop.browser.scripts(on=False)
    yield shop
    shop.browser.scripts(on=True)


def test_without_scripts_all_of_it_works(without_scripts: Shop) -> None:
    shop = without_scripts
    shop.browser.driver.get(
        f"{shop.browser.origin}/admin/mcp_transport/server/{shop.server}/try/?kind=tool&name=order_for_group"
    )
    shop.type("/lines/0/code", shop.books[0])
    shop.press("add:/lines")
    shop.type("/lines/1/code", shop.books[1])
    shop.press("remove:/lines/0")
    shop.browser.click('input[name="choice:/delivery"][value="1"]')
    for name, text in (("name", "Ada"), ("street", "Hill 1"), ("city", "Bern")):
        shop.type(f"/delivery/~|1/{name}", text)
    shop.press("call")

    def asks() -> bool:
        shop.browser.driver.refresh()
        return bool(shop.browser.find_all('button[value="accept"]:not(.mx-unseen)'))

    shop.browser.until(asks)
    shop.press("accept")

    def is_over() -> bool:
        shop.browser.driver.refresh()
        return "succeeded" in shop.browser.text

    shop.browser.until(is_over)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_the_page_of_a_run_is_held_to_what_every_page_is(
    shop: Shop, width: int, theme: str
) -> None:
    browser = shop.browser
    browser.width(width)
    browser.theme(theme)
    shop.order()
    size = "desktop" if width == DESKTOP else "phone"
    assert told(browser.axe()["violations"]) == []
    browser.screenshot(f"try-filled-{size}-{theme}")
    shop.press("call")
    browser.until(lambda: browser.find_all('[name="/greeting"]'))
    browser.apply_theme()
    assert told(browser.axe()["violations"]) == []
    assert browser.run(CONTRAST) == []
    browser.screenshot(f"run-asks-{size}-{theme}")
    if width == PHONE:
        assert browser.run("return document.documentElement.scrollWidth") <= PHONE
        assert browser.run(SMALL) == []
    shop.press("accept")
    browser.until(shop.is_done)
    browser.apply_theme()
    assert told(browser.axe()["violations"]) == []
    browser.screenshot(f"run-over-{size}-{theme}")
    if width == PHONE:
        assert browser.run("return document.documentElement.scrollWidth") <= PHONE
