"""
Signs in at a site with the official client, as a person with a browser would.

    MCP_LOGIN=name:password python sign_in.py http://127.0.0.1:8000/mcp/demo

Runs in a client's own environment. The browser is the standard library's: it
logs in, answers the site's question, and is not sent on to where the client
would listen. Prints a line for each thing that was seen.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from html import unescape
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata

CALLBACK = "http://127.0.0.1:7777/callback"
LIMIT = 120


class Staying(HTTPRedirectHandler):
    """Follows redirects within the site, and keeps the one that leads to the client."""

    at = ""
    sent_to = ""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        """See HTTPRedirectHandler.redirect_request()."""
        if newurl.startswith(CALLBACK):
            self.sent_to = newurl
            return Request(self.at)  # a page of the site, to have something to show
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Browser:
    """A browser with cookies, and the person before it."""

    def __init__(self, login: str) -> None:
        self.name, _, self.password = login.partition(":")
        self.staying = Staying()
        self.opener = build_opener(self.staying, HTTPCookieProcessor(CookieJar()))
        self.asked: list[str] = []

    def open(self, url: str, form: dict[str, Any] | None = None) -> tuple[str, str]:
        """A page, and where it is."""
        data = None if form is None else urlencode(form, doseq=True).encode()
        request = Request(
            url, data, {"Referer": url, "Origin": "{0.scheme}://{0.netloc}".format(urlsplit(url))}
        )
        with self.opener.open(request, timeout=LIMIT) as answer:
            return answer.read().decode(), answer.geturl()

    def visit(self, url: str) -> None:
        """Go where the client sends the person, log in and let it in."""
        self.staying.at = urljoin(url, "/favicon.ico")
        page, at = self.open(url)
        if 'name="password"' in page:
            form = {"username": self.name, "password": self.password, "next": url}
            page, at = self.open(at, {**form, "csrfmiddlewaretoken": token_of(page)})
        self.asked.append(page)
        scopes = re.findall(r'name="scope" value="([^"]+)"', page)
        form = {"decision": "allow", "scope": scopes, "csrfmiddlewaretoken": token_of(page)}
        self.open(at, form)

    def answer(self) -> dict[str, str]:
        """What the client is told."""
        said = parse_qs(urlsplit(self.staying.sent_to).query)
        return {name: values[0] for name, values in said.items()}


def token_of(page: str) -> str:
    """The page's token against forgery."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    if found is None:
        raise SystemExit(f"no form: {re.sub(r'<[^>]+>', ' ', page)[:400]}")
    return unescape(found.group(1))


class Memory:
    """Where the client keeps its tokens."""

    tokens: Any = None
    client: Any = None

    async def get_tokens(self) -> Any:
        """See TokenStorage."""
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        """See TokenStorage."""
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        """See TokenStorage."""
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        """See TokenStorage."""
        self.client = client_info


def result_of(said: dict[str, str]) -> Any:
    """What a callback gives, in either generation."""
    try:
        from mcp.shared.auth import AuthorizationCodeResult
    except ImportError:
        return said["code"], said.get("state")
    return AuthorizationCodeResult(**{k: said[k] for k in ("code", "state", "iss") if k in said})


async def tools_of(url: str, auth: Any) -> list[str]:
    """The names of the tools that the client sees."""
    try:
        import httpx2 as httpx
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client
    except ImportError:
        return await tools_of_first(url, auth)
    async with (
        httpx.AsyncClient(auth=auth, timeout=LIMIT) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        return [tool.name for tool in (await client.list_tools()).tools]


async def tools_of_first(url: str, auth: Any) -> list[str]:
    """The same with the first generation."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async with (
        streamablehttp_client(url, auth=auth) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        return [tool.name for tool in (await session.list_tools()).tools]


async def sign_in(url: str) -> list[tuple[bool, str]]:
    """Sign in, list the tools, get the next token; what was seen."""
    browser, memory = Browser(os.environ["MCP_LOGIN"]), Memory()

    async def callback() -> Any:
        return result_of(browser.answer())

    async def visit(address: str) -> None:
        await asyncio.to_thread(browser.visit, address)

    def provider() -> Any:
        metadata = OAuthClientMetadata(client_name="The official client", redirect_uris=[CALLBACK])
        return OAuthClientProvider(url, metadata, memory, visit, callback)

    seen = [(bool(await tools_of(url, provider())), "signs_in_and_lists_tools")]
    seen.append((len(browser.asked) == 1, "is_asked_about_once"))
    seen.append(("The official client" in browser.asked[0], "is_named_to_the_user"))
    before = memory.tokens
    auth = provider()
    await auth._initialize()
    auth.context.token_expiry_time = 1.0  # it takes the token for expired
    seen.append((bool(await tools_of(url, auth)), "comes_back_with_a_refresh_token"))
    seen.append((memory.tokens.access_token != before.access_token, "has_another_access_token"))
    seen.append((len(browser.asked) == 1, "is_not_asked_about_again"))
    return seen


def main(url: str) -> int:
    """Print what was seen; the exit status."""
    seen = asyncio.run(asyncio.wait_for(sign_in(url), LIMIT))
    for is_so, what in seen:
        print(f"  {'ok  ' if is_so else 'FAIL'}  {what}")
    return 0 if all(is_so for is_so, _what in seen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
