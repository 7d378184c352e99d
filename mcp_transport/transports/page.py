"""
What a browser is shown at the address of a server.

It holds what the sender may use, whom a token or the cookie of the site's own
session stands for: a page can be read by no other site, and does nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from django.conf import global_settings
from django.conf import settings as django_settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.shortcuts import resolve_url
from django.template.loader import get_template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse

from mcp_transport.auth.principal import Principal
from mcp_transport.auth.resources import authorization_servers
from mcp_transport.client_settings import authorization, snippets
from mcp_transport.conf import settings
from mcp_transport.engine.catalog import Offered
from mcp_transport.engine.directory import Offer
from mcp_transport.engine.incoming import Incoming, Outcome, Reply
from mcp_transport.protocol.errors import InternalError, LimitExceeded, ProtocolError, Refused
from mcp_transport.transports.endpoint import HttpEndpoint
from mcp_transport.transports.refusing import refusal_headers
from mcp_transport.transports.security import Headers
from mcp_transport.transports.tool_calls import TRANSPORT as REST

TEMPLATES = {"": "page", "docs": "plain_http"}
CSS = "mcp_transport/page.css"
TEXT = (b"content-type", b"text/plain; charset=utf-8")
HTML = (b"content-type", b"text/html; charset=utf-8")
MOST_VALUES = 12  # of an argument that are named
LISTED = 200  # entries of a kind; a list of a client's has them all
KINDS = ("tool", "resource", "template", "prompt")


class PageConsumer(HttpEndpoint):
    """One request of a browser; ``mcp_door`` of the scope says for which page."""

    transport = ""
    methods: ClassVar[tuple[str, ...]] = ("GET",)

    @property
    def takes_cookie(self) -> bool:
        """See HttpEndpoint.takes_cookie."""
        return True

    def served(self, offer: Offer | None, slug: str) -> Offer:
        """See HttpEndpoint.served(); a page is shown whatever way clients come."""
        if offer is None or (self.request["mcp_door"] and not offer.server.is_served_over(REST)):
            raise Refused(404, "There is no such server here.")
        return offer

    def describe(self, offer: Offer, principal: Principal) -> Incoming:
        """See HttpEndpoint.describe()."""
        return Incoming(
            offer=offer,
            principal=principal,
            transport=self.transport,
            headers=self.headers,
            peer=self.request.get("client"),
            who_now=self.who_now,
        )

    async def serve(self, incoming: Incoming) -> Outcome:
        """See HttpEndpoint.serve()."""
        self.runtime.engine.admit(incoming)
        name = TEMPLATES[self.request["mcp_door"]]
        body = await self._render(name, self._context(incoming))
        return Reply(200, body, self._headers())

    async def _refuse(self, error: ProtocolError) -> None:
        status = 500 if isinstance(error, InternalError) else error.status
        headers = refusal_headers(
            error,
            f"{self._site}{self.request['path']}",
            self.runtime.directory,
            self.request["mcp_server"],
        )
        if isinstance(error, LimitExceeded):  # a page would cost what the limit is to spare
            self.responder.body_type = TEXT
            return await self.responder.finish(status, error.message.encode(), headers)
        context = {**_ways(None, self.request["path"]), "status": status, "why": error.message}
        body = await self._render("refused", context)
        await self.responder.finish(status, body, (*self._headers(), *headers))

    async def _render(self, name: str, context: dict[str, Any]) -> bytes:
        self.responder.body_type = HTML
        template = get_template(f"mcp_transport/{name}.html")  # kept by Django's loader
        # A template takes milliseconds, in which the loop would serve nobody else.
        shown = {"css": static(CSS), "signs_in": bool(authorization_servers()), **context}
        text = await asyncio.to_thread(template.render, shown)
        return text.encode()

    def _headers(self) -> Headers:
        return (
            (b"content-security-policy", _policy(static(CSS)).encode()),
            (b"x-frame-options", b"DENY"),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"cache-control", b"private, no-store"),
            (b"vary", b"Accept, Authorization, Cookie"),
        )

    @property
    def _site(self) -> str:
        """Where the browser found the site; its Host was looked at."""
        scheme = "https" if _is_https(self.request, self.headers) else "http"
        return f"{scheme}://{self.headers.get(b'host', b'').decode('latin-1')}"

    def _context(self, incoming: Incoming) -> dict[str, Any]:
        server, principal = incoming.offer.server, incoming.principal
        path = f"{settings.MCP_PATH}/{server.slug}"
        url = f"{self._site}{path}"
        credentials = None if server.access == "public" else authorization(None)
        return {
            "server": server,
            "title": server.title or server.slug,
            "url": url,
            "path": path,
            "username": principal.username,
            "asks_for_token": credentials is not None,
            "clients": snippets(server.slug, url, credentials),
            "plain": self._plain(incoming, path),
            **{f"{kind}s": _entries(incoming, kind) for kind in KINDS},
            **_ways(incoming, self.request["path"]),
        }

    def _plain(self, incoming: Incoming, path: str) -> str:
        """Where plain HTTP stands; empty when the server is not served so."""
        is_on = settings.MCP_REST and incoming.offer.server.is_served_over(REST)
        return path if is_on else ""


def _entries(incoming: Incoming, kind: str) -> dict[str, Any]:
    """What the sender may use of a kind, as the template shows it."""
    found = incoming.offer.catalog.visible(kind, incoming.principal)
    shown = [_shown(entry) for entry in found[:LISTED]]
    return {"count": len(found), "shown": shown, "left": len(found) - len(shown)}


def _shown(entry: Offered) -> dict[str, Any]:
    arguments = _arguments(entry.wire)
    example = {argument["name"]: "…" for argument in arguments if argument.get("required")}
    return {
        **entry.wire,
        "name": entry.name,
        "is_read_only": entry.is_read_only,
        "arguments": arguments,
        "example": json.dumps({"arguments": example}, ensure_ascii=False),
    }


def _arguments(wire: dict[str, Any]) -> list[dict[str, Any]]:
    """Arguments of a tool or prompt, each with its name, type and description."""
    if "arguments" in wire:
        return list(wire["arguments"])
    schema = wire.get("inputSchema") or {}
    required = schema.get("required", ())
    properties = schema.get("properties", {})
    named = schema.get("$defs", {})
    return [
        {
            "name": name,
            "type": _type(member, named),
            "required": name in required,
            "description": member.get("description", "") if isinstance(member, dict) else "",
        }
        for name, member in properties.items()
    ]


def _type(schema: Any, named: dict[str, Any]) -> str:
    """A word or a few for what a value is."""
    if not isinstance(schema, dict):
        return "anything"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(member, named) for member in schema["anyOf"]))
    if "$ref" in schema:
        schema = named.get(str(schema["$ref"]).rpartition("/")[2], {"type": "object"})
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if values:
        return ", ".join(json.dumps(value, ensure_ascii=False) for value in values[:MOST_VALUES])
    kind = schema.get("type", "anything")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _ways(incoming: Incoming | None, path: str) -> dict[str, str]:
    """Where to log in, or the server's page for those who run it."""
    try:
        if incoming is None or incoming.principal.is_anonymous:
            return {"login": f"{_login()}?{urlencode({REDIRECT_FIELD_NAME: path})}"}
        if getattr(incoming.principal.user, "is_staff", False):
            name = "admin:mcp_transport_server_change"
            return {"admin": reverse(name, args=[incoming.offer.server.id])}
    except NoReverseMatch:  # a site without the admin
        pass
    return {}


def _login() -> str:
    """The site's own page to log in, or the admin's."""
    own = django_settings.LOGIN_URL
    return reverse("admin:login") if own == global_settings.LOGIN_URL else resolve_url(own)


def _policy(css: str) -> str:
    """What the page may load: its style sheet, and nothing else."""
    parts = urlsplit(css)
    source = f"{parts.scheme or 'https'}://{parts.netloc}" if parts.netloc else "'self'"
    return (
        f"default-src 'none'; style-src {source}; img-src data:; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    )


def _is_https(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool:
    """Whether the browser came by TLS, as Django's own requests find out."""
    trusted = django_settings.SECURE_PROXY_SSL_HEADER
    if trusted is not None:
        name = trusted[0].removeprefix("HTTP_").replace("_", "-").lower().encode()
        if name in headers:
            said = headers[name].decode("latin-1").partition(",")[0].strip()
            return bool(said == trusted[1])
    return bool(scope.get("scheme") == "https")
