"""What a browser is shown at the address of a server."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore

from mcp_transport.models import Call, Server
from mcp_transport.testing import Http
from mcp_transport.transports import page
from mcp_transport.worker.lifespan import runtime
from tests.interaction.conftest import *  # noqa: F403  the running site

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Browser:
    """Reads pages, with or without a session of the site."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.cookie: str | None = None
        self.status = 0
        self.headers: dict[str, str] = {}

    async def get(self, path: str, **headers: str) -> str:
        cookies = {"cookie": self.cookie}
        exchange = await self._http.open("GET", path, headers={**BROWSER, **cookies, **headers})
        self.status, self.headers = exchange.status, exchange.headers
        return (await exchange.read()).decode()

    @sync_to_async
    def log_in(self, **fields: Any) -> None:
        user = User.objects.create_user("grace", **fields)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        self.cookie = f"sessionid={session.session_key}"


@pytest.fixture
def browser(http: Http) -> Browser:
    return Browser(http)


async def change(**fields: Any) -> None:
    await Server.objects.filter(slug="open").aupdate(**fields)
    runtime().directory.forget()


async def test_a_page_says_what_the_server_is_and_how_to_connect(browser: Browser) -> None:
    text = await browser.get("/mcp/open")
    assert (browser.status, browser.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for part in (
        "Open",
        "Ask for a quote.",
        "http://testserver/mcp/open",
        "claude mcp add",
        "mcp-remote",
    ):
        assert part in text, part
    assert "YOUR_TOKEN" not in text  # the server asks for none
    assert "<code>repeat</code>" in text
    assert "What to say." in text


async def test_a_page_loads_nothing_but_its_style_sheet(browser: Browser) -> None:
    text = await browser.get("/mcp/open")
    policy = browser.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert browser.headers["x-frame-options"] == "DENY"
    assert "no-store" in browser.headers["cache-control"]
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", text)
    (sheet,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', text)
    assert sheet == "/static/mcp_transport/page.css"


async def test_what_others_wrote_is_text(browser: Browser) -> None:
    evil = '<script>alert("1")</script>'
    await change(title=evil, description=evil, instructions=evil)
    text = await browser.get("/mcp/open")
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 4  # the title twice


async def test_a_page_shows_what_its_reader_may_use(browser: Browser) -> None:
    assert "staff_only" not in await browser.get("/mcp/open")
    await browser.log_in(is_superuser=True)
    text = await browser.get("/mcp/open")
    assert "staff_only" in text
    assert "grace" in text


async def test_a_session_of_the_site_is_not_lent_to_another_sites_page(
    browser: Browser, configure: Any
) -> None:
    await configure(MCP_ALLOWED_ORIGINS=["https://friend.example"])
    await browser.log_in(is_superuser=True)
    assert "staff_only" in await browser.get("/mcp/open", origin="http://testserver")
    assert "staff_only" not in await browser.get("/mcp/open", origin="https://friend.example")
    await browser.get("/mcp/open", origin="https://stranger.example")
    assert browser.status == 403


async def test_who_may_not_is_told_how_and_of_no_entry(browser: Browser) -> None:
    text = await browser.get("/mcp/guarded")
    assert browser.status == 401
    assert browser.headers["www-authenticate"].startswith("Bearer ")
    assert "token create" in text
    assert "/admin/login/?next=%2Fmcp%2Fguarded" in text
    assert "repeat" not in text
    assert "Guarded" not in text
    await browser.log_in()
    assert "repeat" in await browser.get("/mcp/guarded")
    assert browser.status == 200


async def test_who_runs_the_site_finds_the_admin(browser: Browser) -> None:
    assert "/admin/mcp_transport/server/" not in await browser.get("/mcp/open")
    await browser.log_in(is_staff=True)
    server = await Server.objects.aget(slug="open")
    assert f"/admin/mcp_transport/server/{server.pk}/change/" in await browser.get("/mcp/open")


async def test_the_sites_own_page_to_log_in_is_named(browser: Browser, settings: Any) -> None:
    settings.LOGIN_URL = "/enter/"
    assert "/enter/?next=%2Fmcp%2Fguarded" in await browser.get("/mcp/guarded")


async def test_a_server_that_is_not_there_has_a_page_that_says_so(browser: Browser) -> None:
    assert "no such server" in await browser.get("/mcp/nowhere")
    assert browser.status == 404


async def test_what_fails_has_a_page_that_reveals_nothing(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_entries", lambda *_arguments: 1 / 0)
    text = await browser.get("/mcp/open")
    assert (browser.status, "ZeroDivision" in text) == (500, False)


async def test_clients_are_shown_no_page(browser: Browser) -> None:
    for accept in ("text/event-stream", "application/json, text/event-stream", "*/*"):
        exchange = await browser._http.open("GET", "/mcp/open", headers={"accept": accept})
        assert not exchange.headers.get("content-type", "").startswith("text/html")
        await exchange.disconnect()


async def test_a_site_can_do_without_pages(browser: Browser, settings: Any) -> None:
    settings.MCP_PAGE = False
    await browser.get("/mcp/open")
    assert browser.status == 405


async def test_the_default_servers_page_stands_at_the_root_where_plain_http_does(
    browser: Browser, settings: Any
) -> None:
    await change(is_default=True)
    settings.MCP_REST, settings.MCP_REST_ROOT = True, "/"
    assert "http://testserver/mcp/open" in await browser.get("/")
    settings.MCP_PAGE = False  # then a browser sees what the site has there
    await browser.get("/")
    assert browser.status == 404


async def test_plain_http_has_a_page_of_its_own(browser: Browser, settings: Any) -> None:
    assert "Plain HTTP" not in await browser.get("/mcp/open")
    settings.MCP_REST = True
    assert 'href="/mcp/open/docs"' in await browser.get("/mcp/open")
    text = await browser.get("/mcp/open/docs")
    assert browser.status == 200
    assert "curl http://testserver/mcp/open/tools/repeat" in text
    assert "{&quot;arguments&quot;: {&quot;text&quot;: &quot;…&quot;}}" in text
    await change(transports=["streamable_http"])
    await browser.get("/mcp/open/docs")
    assert browser.status == 404


async def test_the_links_of_a_page_work_with_the_readers_session(
    browser: Browser, settings: Any
) -> None:
    settings.MCP_REST = True
    assert "staff_only" not in await browser.get("/mcp/open/tools")
    await browser.log_in(is_superuser=True)
    assert "staff_only" in await browser.get("/mcp/open/tools")
    exchange = await browser._http.open(
        "POST",
        "/mcp/guarded/tools/nothing",
        headers={"cookie": browser.cookie, "content-type": "application/json"},
        body=b"{}",
    )
    assert exchange.status == 401  # what does something asks for more than a cookie


async def test_an_address_behind_a_proxy_is_the_one_the_browser_knows(
    browser: Browser, settings: Any
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    text = await browser.get("/mcp/open", **{"x-forwarded-proto": "https"})
    assert "https://testserver/mcp/open" in text
    assert "https://testserver/mcp/open" not in await browser.get("/mcp/open")


async def test_a_style_sheet_from_elsewhere_is_allowed_from_there(
    browser: Browser, settings: Any
) -> None:
    settings.STATIC_URL = "https://static.example/files/"
    await browser.get("/mcp/open")
    assert "style-src https://static.example;" in browser.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"anyOf": [{"$ref": "#/$defs/Speed"}, {"type": "null"}]}, '"slow", "fast" or null'),
        ({"$ref": "#/$defs/Nobody"}, "object"),
        ({"const": 1}, "1"),
        ({}, "anything"),
        (True, "anything"),
    ],
)
def test_an_arguments_type_is_a_word(schema: Any, word: str) -> None:
    assert page._type(schema, {"Speed": {"enum": ["slow", "fast"]}}) == word


def test_a_user_of_whom_nobody_says_that_they_run_the_site_does_not() -> None:
    user = SimpleNamespace(is_authenticated=True)  # as a project's own model may be
    incoming: Any = SimpleNamespace(principal=SimpleNamespace(is_anonymous=False, user=user))
    assert page._ways(incoming, "/mcp/open") == {}


async def test_a_page_counts_to_the_limits_of_its_reader(browser: Browser) -> None:
    await change(principal_rate=2)
    for _ in range(2):
        await browser.get("/mcp/open")
        assert browser.status == 200
    text = await browser.get("/mcp/open")
    assert browser.status == 429
    assert browser.headers["content-type"] == "text/plain; charset=utf-8"
    assert int(browser.headers["retry-after"]) > 0
    assert text == "You may send this server 2 requests a minute; wait a little."
    await runtime().writer.flush(5.0)
    refused = await Call.objects.aget()
    assert (refused.outcome, refused.server) == ("refused", "open")
