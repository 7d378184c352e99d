"""The run of ``make admin-scale`` in short."""

from __future__ import annotations

from tests.browser.pages import PAGES
from tests.load.admin_scale import fill, measure


def test_every_page_and_live_part_is_measured(db: None) -> None:
    fill(200)
    found = measure(1)
    assert set(found) == {
        address for page in PAGES for address in (page.path, *page.fragments, *page.long)
    }
    assert all(seconds > 0 for seconds in found.values())
