"""Live parts in the browser: when they ask, when they wait, when they stop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import Site
from tests.browser.driving import Browser

PATH = "/admin/mcp_transport/overview/"
PART = "/overview/live/"
SWAPPED = "return window.mxSwaps || 0"
COUNTING = """
document.addEventListener("mx:swapped", () => { window.mxSwaps = (window.mxSwaps || 0) + 1; });
"""
STATUS = ".mx [role=status]"
# The slowest part finds nobody.
FAILING = """
window.mxFails = true;
const ask = window.fetch;
window.fetch = async (address, how) => {
  if (window.mxFails && address.includes("/live/chart/")) throw new TypeError("Failed to fetch");
  return ask(address, how);
};
"""
# A timeline in the place of a live part, whose address answers with rows of its own.
TIMELINE = """
window.mxRows = ["b", "a"];
const row = (key) => `<li data-key="${key}"><a href="#">${key}</a></li>`;
window.mxAnswer = () => `<ol>${window.mxRows.map(row).join("")}</ol>`;
window.fetch = async () => new Response(window.mxAnswer(), {headers: {ETag: `"${window.mxRows}"`}});
"""


@pytest.fixture
def live(operator: Browser) -> Iterator[Browser]:
    """The overview, with a minute in half a second and every answer news."""
    with operator.hastened(), operator.prepared(COUNTING):
        operator.open(PATH)
        operator.forget_versions()
        yield operator


def test_a_part_is_asked_for_again_and_again(live: Browser) -> None:
    live.until(lambda: live.run(SWAPPED) >= 3)
    assert live.violations == []


def test_a_hidden_page_asks_for_nothing_and_goes_on_when_it_is_shown(live: Browser) -> None:
    live.until(lambda: live.run(SWAPPED) >= 1)
    live.show_page(is_hidden=True)
    live.until(lambda: live.run("return document.hidden"))
    live.run("performance.clearResourceTimings(); window.mxSwaps = 0")
    live.stays(lambda: live.requests_to(PART) <= 1, 1.0)  # two minutes; one was on its way
    live.show_page(is_hidden=False)
    live.until(lambda: live.run(SWAPPED) >= 1)


def test_a_paused_page_asks_for_nothing(live: Browser) -> None:
    live.click("[data-pause]")
    live.until(lambda: live.find(STATUS).text == "Paused.")
    live.run("performance.clearResourceTimings()")
    live.stays(lambda: live.requests_to(PART) <= 2, 1.0)
    live.click("[data-pause]")
    live.until(lambda: live.requests_to(PART) >= 5)


def test_what_has_the_focus_is_not_swapped(live: Browser) -> None:
    live.find("[data-live] a")
    live.run("window.mxLink = document.querySelector('[data-live] a'); mxLink.focus()")
    asked = live.run("return performance.now()")
    live.until(lambda: live.run("return performance.now()") - asked > 1500)  # ten paces and more
    assert live.run("return document.activeElement === mxLink")


def test_what_is_selected_is_not_swapped(live: Browser) -> None:
    live.run("getSelection().selectAllChildren(document.querySelector('[data-live] caption'))")
    chosen = live.run("return String(getSelection())")
    asked = live.run("return performance.now()")
    live.until(lambda: live.run("return performance.now()") - asked > 1000)
    assert live.run("return String(getSelection())") == chosen


def test_the_end_of_the_login_ends_the_asking(live: Browser) -> None:
    live.cdp("Network.clearBrowserCookies")
    live.until(lambda: "Signed out" in live.find(STATUS).text)
    live.run("performance.clearResourceTimings()")
    live.stays(lambda: live.requests_to(PART) <= 1, 1.0)


def test_a_site_that_is_away_is_asked_less_often_until_it_is_back(live: Browser) -> None:
    live.offline(on=True)
    live.until(lambda: "trying again" in live.find(STATUS).text)
    live.offline(on=False)
    live.until(lambda: "Up to date" in live.find(STATUS).text)


def test_a_part_that_could_not_ask_less_often_says_too_that_it_is_back(
    operator: Browser,
) -> None:
    with operator.hastened(), operator.prepared(FAILING):
        operator.open(PATH)
        operator.until(lambda: "trying again" in operator.find(STATUS).text)
        operator.run("window.mxFails = false")
        operator.until(lambda: "Up to date" in operator.find(STATUS).text)


def test_new_rows_of_a_timeline_wait_until_they_are_asked_for(
    site: Site, operator: Browser
) -> None:
    with operator.hastened(), operator.prepared(TIMELINE):
        operator.open(PATH)
        part = operator.find("[data-live]")
        operator.run(
            "arguments[0].dataset.mode = 'timeline'; arguments[0].innerHTML = mxAnswer()", part
        )
        operator.run("mxRows = ['e', 'd', 'c', 'b', 'a']")
        button = operator.find(".mx-fresh")
        operator.until(lambda: button.text == "3 new (show)")
        assert [row.text for row in part.find_elements("css selector", "li")] == ["b", "a"]
        button.click()
        assert [row.text for row in part.find_elements("css selector", "li")] == list("edcba")


def test_the_sites_own_front_page_names_the_overview_first(operator: Browser) -> None:
    operator.open("/admin/")
    assert operator.find("#content .app-mcp_transport tbody a").text == "Overview"
