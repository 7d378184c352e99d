"""What every page of the admin keeps, in the browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import Site
from tests.browser.driving import DESKTOP, PHONE, THEMES, Browser, told
from tests.browser.pages import Shown
from tests.browser.seed import HOSTILE

# What axe cannot decide and a person has looked at: the rule, and a part of the element.
ACCEPTED = (
    ("color-contrast", "mx-glyph"),  # one character, which axe holds too short to be text
    # White on a grey of Django's, 4.7 : 1, which lie across the edge of the heading.
    ("color-contrast", 'class="historylink"'),
    ("color-contrast", '/versions/"'),
    ("color-contrast", "data-value"),  # long lines, which their own region cuts off and scrolls
)
PLANTED = """
document.querySelector(arguments[0]).insertAdjacentHTML("beforeend",
    '<p id="faint">low contrast</p><input id="nameless">');
document.querySelector("#faint").style.color = "#bbb";
document.querySelector("#faint").style.background = "#fff";
"""
# The contrast of every border, glyph and bar with what lies behind it, by WCAG 2.2, 1.4.11.
CONTRAST = """
const parse = (text) => {
  const numbers = text.match(/[-\\d.e]+/g).map(Number);
  const scale = text.startsWith("color(") ? 255 : 1;
  const [r, g, b, a = 1] = numbers;
  return [r * scale, g * scale, b * scale, a];
};
const over = (top, ground) => [0, 1, 2].map((i) => top[i] * top[3] + ground[i] * (1 - top[3])).concat(1);
const ground = (element) => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) layers.unshift(parse(getComputedStyle(at).backgroundColor));
  return layers.reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
};
const light = (colour) => {
  const [r, g, b] = colour.slice(0, 3).map((c) => c / 255).map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b;
};
const ratio = (colour, behind) => {
  const [high, low] = [light(over(colour, behind)), light(behind)].sort((a, b) => b - a);
  return (high + .05) / (low + .05);
};
const found = [];
const look = (selector, property, within = (element) => element.parentElement) => {
  for (const element of document.querySelectorAll(selector)) {
    if (!element.getClientRects().length) continue;
    const contrast = ratio(parse(getComputedStyle(element)[property]), ground(within(element)));
    if (contrast < 3) found.push(`${selector} ${property} ${contrast.toFixed(2)}: ${element.outerHTML.slice(0, 100)}`);
  }
};
look(".mx button, .mx .mx-button, .mx input:not([type=hidden]), .mx select, .mx textarea", "borderTopColor");
look(".mx thead th", "borderBottomColor");
look(".mx .mx-glyph", "color");
look(".mx rect.mx-up", "fill", (element) => element.closest("svg"));
look(".mx rect.mx-down", "stroke", (element) => element.closest("svg"));
look(".mx .mx-verdict", "borderLeftColor");
return found;
"""
SMALL = """
return [...document.querySelectorAll(".mx button, .mx .mx-button, .mx input[type=submit]")]
  .filter((element) => element.getClientRects().length && element.getBoundingClientRect().height < 43.9)
  .map((element) => element.outerHTML.slice(0, 120));
"""
SWAPS = """
const done = arguments[0]; let left = 3;
document.addEventListener("mx:swapped", () => { if (!--left) done(true); });
"""


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_axe_finds_nothing_that_keeps_people_out_and_would_find_it(
    site: Site, operator: Browser, page: Shown, width: int
) -> None:
    # One visit for all of it: the theme is changed as its own switch does, and axe stays loaded.
    operator.width(width)
    operator.open(site.path(page))
    for theme in THEMES:
        operator.theme(theme)
        operator.screenshot(f"{page.name}-{'desktop' if width == DESKTOP else 'phone'}-{theme}")
        found = operator.axe(page.within)
        assert (theme, told(found["violations"])) == (theme, [])
        assert (theme, undecided(found["incomplete"])) == (theme, [])
    operator.run(PLANTED, page.within)
    rules = {finding["id"] for finding in operator.axe(page.within)["violations"]}
    assert {"color-contrast", "label"} <= rules


def undecided(findings: list[dict[str, Any]]) -> list[str]:
    """What axe could not decide, and no person has looked at."""
    return [
        f"{finding['id']}: {node['html'][:160]}"
        for finding in findings
        for node in finding["nodes"]
        if not any(finding["id"] == rule and part in node["html"] for rule, part in ACCEPTED)
    ]


def test_borders_glyphs_and_bars_stand_out(site: Site, operator: Browser, page: Shown) -> None:
    operator.open(site.path(page))
    for theme in THEMES:
        operator.theme(theme)
        assert (theme, operator.run(CONTRAST)) == (theme, [])


def test_nothing_has_to_be_forbidden_by_the_policy(
    site: Site, operator: Browser, page: Shown
) -> None:
    with operator.hastened():
        operator.open(site.path(page))
        if page.fragments:
            operator.forget_versions()
            operator.driver.execute_async_script(SWAPS)
    assert operator.violations == []
    assert operator.errors == []


def test_on_the_narrowest_phone_nothing_is_cut_off(
    site: Site, operator: Browser, page: Shown
) -> None:
    operator.width(PHONE)
    operator.open(site.path(page))
    assert operator.run("return document.documentElement.scrollWidth") <= PHONE
    assert operator.run(SMALL) == []


def test_cards_are_still_a_table_to_who_listens(site: Site, operator: Browser, page: Shown) -> None:
    operator.width(PHONE)
    operator.open(site.path(page))
    if not operator.find_all(".mx table"):
        return
    tree: list[dict[str, Any]] = operator.cdp("Accessibility.getFullAXTree")["nodes"]
    roles = {node["role"]["value"] for node in tree if not node.get("ignored")}
    assert {"table", "row", "cell", "columnheader"} <= roles


def headings(browser: Browser) -> list[str]:
    """What stands above the parts of a page, which may be renewed in between."""
    named = ".mx h1, .mx caption, .mx dt"
    return browser.until(lambda: [[element.text for element in browser.find_all(named)]])[0]


def test_without_scripts_the_page_says_the_same(site: Site, operator: Browser, page: Shown) -> None:
    operator.open(site.path(page))
    heads = headings(operator)
    operator.scripts(on=False)
    operator.driver.get(operator.origin + site.path(page))
    assert headings(operator) == heads
    assert not [e for e in operator.find_all("[data-copy], [data-pause]") if e.is_displayed()]


def test_what_others_named_is_shown_as_text(site: Site, operator: Browser, page: Shown) -> None:
    operator.open(site.path(page))
    assert operator.find_all(".mx img[src=x]") == []
    assert (HOSTILE in operator.text) is page.has_hostile_text


def test_whoever_may_only_look_gets_nothing_to_send(
    site: Site, browser: Browser, page: Shown
) -> None:
    browser.login("viewer")
    browser.open(site.path(page))
    assert browser.find_all(".mx form[method=post]") == []
