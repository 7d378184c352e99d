"""What a page shows while there is nothing to show: the remedy."""

from __future__ import annotations

from django.http import HttpRequest

from mcp_transport.admin.clients import server_url
from mcp_transport.admin.parts import Copyable, Empty, Link
from mcp_transport.admin.reversing import reverse
from mcp_transport.client_settings import authorization, snippets
from mcp_transport.models import Server

SHOWN = 3  # clients
A_TOOL = """\
from mcp_transport import tool

@tool(read_only=True)
async def add(a: int, b: int) -> int:
    \"""Add two numbers.\"""
    return a + b
"""
A_SERVER = """\
from mcp_transport.models import Server

Server.objects.create(slug="main", title="My site")
"""


def no_server(request: HttpRequest) -> Empty:
    """Nothing is served: how a tool is written, and a server made."""
    may_add = request.user.has_perm("mcp_transport.add_server")
    add = Link("Create a server", reverse("admin:mcp_transport_server_add"))
    url = server_url(request, "main")
    return Empty(
        title="No server yet",
        text="Write a tool in the mcp.py of one of your apps, then create a server that offers it."
        f" Clients will find a server with the slug main at {url}.",
        code=(
            Copyable(label="mcp.py", value=A_TOOL, block=True),
            Copyable(label="A server, in Python", value=A_SERVER, block=True),
        ),
        links=(add,) if may_add else (),
    )


def no_calls(request: HttpRequest, server: Server, period: str) -> Empty:
    """Nobody called: how clients connect."""
    url = server_url(request, server.slug)
    credentials = None if server.access == Server.Access.PUBLIC else authorization(None)
    usual = list(snippets(server.slug, url, credentials).items())[:SHOWN]
    may_add = credentials and request.user.has_perm("mcp_transport.add_token")
    token = Link("Issue a token", reverse("admin:mcp_transport_token_add"))
    return Empty(
        title=f"No calls in the last {period}",
        text=f"Connect a client to {server}:",
        code=[Copyable(label=name, value=text, block=True) for name, text in usual],
        links=(token,) if may_add else (),
    )
