"""The page of the operators' API in the browser: read and tried, under its own strict policy."""

from __future__ import annotations

from functools import partial

import pytest

from tests.browser.driving import Browser

PAGE = "/api/docs/"
COUNT = "return document.querySelectorAll('.opblock').length"
STATUS = """
const answer = document.querySelector("[id$=servers_list] .live-responses-table");
return answer ? answer.textContent : "";
"""
#: Buttons that come one after the other, as they are pressed.
STEPS = (".opblock-summary-control", ".try-out__btn", ".execute")


@pytest.mark.server
def test_the_document_is_read_and_tried_without_anything_inline(operator: Browser) -> None:
    operator.driver.get(f"{operator.origin}{PAGE}")
    operator.until(lambda: operator.run(COUNT) > 20)
    for step in STEPS:
        pressed = f"""
        const button = document.querySelector("[id$=servers_list] {step}");
        if (button) button.click();
        return Boolean(button);
        """
        operator.until(partial(operator.run, pressed))
    operator.until(lambda: '"slug"' in operator.run(STATUS))
    assert operator.violations == []
