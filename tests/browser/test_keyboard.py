"""An operator's way through the admin without a mouse."""

from __future__ import annotations

import json

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Site
from tests.browser.driving import Browser

# A tool that timed out often just now, and a token that is nobody else's.
TROUBLE = """
import json
from datetime import UTC, datetime
from django.contrib.auth.models import User
from mcp_transport.models import Call, Token
now, arguments = datetime.now(UTC), json.dumps({"a": 19, "b": 23})
Call.objects.bulk_create(
    Call(worker="keyboard", sequence=number, started_at=now, duration_us=1000, server="invoices",
         method="tools/call", kind="tool", entry="add", outcome="timeout", arguments=arguments)
    for number in range(60))
token, _ = Token.objects.issue(owner=User.objects.get(username="root"), name="of the keyboard")
print(json.dumps(token.pk))
"""


@pytest.fixture(scope="module")
def token(site: Site) -> int:
    """The key of a token, once there is trouble."""
    return int(json.loads(site.run(TROUBLE)))


def enter(browser: Browser, selector: str) -> None:
    """Go to an element by Tab, and press Enter on it; returns on the next page, at its content."""
    browser.tab_to(selector)
    page = browser.find("html")
    browser.press(Keys.ENTER)
    browser.until(lambda: browser.find("html") != page and browser.find(".mx"))


def test_a_failing_entry_is_found_and_called_again_and_a_token_revoked_by_keyboard(
    operator: Browser, token: int
) -> None:
    operator.open("/admin/mcp_transport/overview/")
    operator.skip_to_content()
    enter(operator, "#mx-failing a[href*='entry=add']")
    operator.skip_to_content()
    enter(operator, ".mx td a[href*='/change/']")
    operator.skip_to_content()
    enter(operator, "a[href*='call=']")
    operator.skip_to_content()
    operator.tab_to("[name='/b']")
    assert operator.find("[name='/b']").get_attribute("value") == "23"
    operator.tab_to("#confirm")
    operator.press("add")
    enter(operator, "button[value=call]")
    operator.until(lambda: operator.find_all("[data-over]"))
    assert "succeeded" in operator.read(".mx-verdict .mx-status")
    assert "42" in operator.text

    enter(operator, "#nav-sidebar a[href$='/token/']")
    operator.skip_to_content()
    enter(operator, f".mx a[href$='/token/{token}/']")
    operator.skip_to_content()
    enter(operator, "a[href$='/revoke/']")
    operator.skip_to_content()
    enter(operator, ".mx-confirm [type=submit]")
    assert "revoked" in operator.read(".mx-summary")
    assert operator.violations == []
