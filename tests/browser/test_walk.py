"""An operator's way through the admin, while a client is connected."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from selenium.webdriver.support.select import Select

from mcp_transport.protocol.routing import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION
from tests.browser.conftest import Site
from tests.browser.driving import LIMIT, PHONE, Browser
from tests.client import MODERN_REVISION

META = {
    PROTOCOL_VERSION: MODERN_REVISION,
    CLIENT_CAPABILITIES: {},
    CLIENT_INFO: {"name": "walker", "version": "1"},
}
ADD = "/admin/mcp_transport/server/add/"


class Listener:
    """A client of one server that listens over the network, in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(timeout=LIMIT)
        self._heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def start(self) -> None:
        """Listen; returns when the server has said so."""
        self._thread.start()
        assert self.next()["method"] == "notifications/subscriptions/acknowledged"

    def next(self) -> dict[str, Any]:
        """The next message."""
        return self._heard.get(timeout=LIMIT)

    def tools(self) -> set[str]:
        """The tools that are listed now."""
        with self._request("tools/list", {}) as answer:
            return {tool["name"] for tool in json.loads(answer.read())["result"]["tools"]}

    def close(self) -> None:
        """Leave."""
        self._client.close()
        if self._thread.is_alive():
            self._thread.join(LIMIT)

    def _listen(self) -> None:
        try:
            with self._request(
                "subscriptions/listen", {"notifications": {"toolsListChanged": True}}
            ) as answer:
                for line in answer.iter_lines():
                    self._hear(line)
        except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError):
            return  # it was closed while it listened

    def _hear(self, line: str) -> None:
        if line.startswith("data:"):
            self._heard.put(json.loads(line[5:]))

    def _request(self, method: str, params: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MODERN_REVISION,
            "Mcp-Method": method,
        }
        wait = httpx.Timeout(LIMIT, read=4 * LIMIT)
        return self._client.stream("POST", self._url, json=body, headers=headers, timeout=wait)


@pytest.fixture
def listener(site: Site) -> Iterator[Listener]:
    """A client that can listen to the server that the walk makes."""
    client = Listener(f"{site.origin}/mcp/walk")
    yield client
    client.close()


def test_an_operator_makes_a_server_and_switches_a_tool_off_while_a_client_listens(
    site: Site, operator: Browser, listener: Listener
) -> None:
    operator.open(ADD)
    operator.find("#id_slug").send_keys("walk")
    operator.find("#id_title").send_keys("Walk")
    Select(operator.find("#id_access")).select_by_value("public")
    operator.click("[name=_save]")
    operator.until(lambda: "/mcp/walk" in operator.text)
    home = operator.driver.current_url.removeprefix(site.origin)
    listener.start()
    assert "repeat" in listener.tools()

    operator.find("#by-q").send_keys("repeat")
    operator.click(".mx-filters [type=submit]")
    operator.until(lambda: "q=repeat" in operator.driver.current_url)
    operator.click("[aria-label='Switch off repeat']")
    operator.until(lambda: "1 live session was notified" in operator.text)
    assert listener.next()["method"] == "notifications/tools/list_changed"
    assert "repeat" not in listener.tools()
    assert "q=repeat" in operator.driver.current_url

    operator.width(PHONE)
    operator.scripts(on=False)  # the same by phone, where scripts do not run
    operator.driver.get(f"{site.origin}{home}?q=repeat")
    operator.click("[aria-label='Switch on repeat']")
    operator.until(lambda: "1 live session was notified" in operator.text)
    assert listener.next()["method"] == "notifications/tools/list_changed"
    assert "repeat" in listener.tools()


def test_an_operator_issues_a_token_without_scripts_and_revokes_it(
    site: Site, operator: Browser
) -> None:
    operator.scripts(on=False)
    operator.driver.get(f"{site.origin}/admin/mcp_transport/token/add/")
    operator.find("#id_name").send_keys("walk")
    operator.click("[name=_review]")
    operator.until(lambda: "What it reaches" in operator.text)
    operator.click("[name=_save]")
    operator.until(lambda: "it is not shown again" in operator.text)
    value = operator.read(".mx-code code")
    assert value.startswith("mcp_")
    operator.click("Go to the token", by="link text")
    operator.until(lambda: "What it reaches" in operator.text)
    assert value not in operator.driver.page_source
    operator.click("Revoke…", by="link text")
    operator.until(lambda: "It ends 0 live sessions" in operator.text)
    operator.click(".mx-confirm [type=submit]")
    operator.until(lambda: "revoked" in operator.read(".mx-summary"))
