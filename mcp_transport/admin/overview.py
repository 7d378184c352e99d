"""The overview: is it healthy, what is failing, who and what."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from mcp_transport.admin.pages import Page
from mcp_transport.admin.parts import Column, Empty, Link, Status, Table
from mcp_transport.models import Overview, Server


@admin.register(Overview)
class OverviewAdmin(Page):
    """How the site's servers are."""

    template_name = "admin/mcp_transport/overview.html"
    fragments = {"servers": "admin/mcp_transport/overview/servers.html"}

    def page_title(self, request: HttpRequest) -> str:
        """Return what stands above the page."""
        return "MCP overview"

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return the servers."""
        return {"servers": servers_table()}


def servers_table() -> Table:
    """Each server with its state."""
    return Table(
        caption="Servers",
        columns=(Column("Server"), Column("State")),
        rows=[
            (
                Link(str(server), reverse("admin:mcp_transport_server_change", args=[server.pk])),
                Status("ok", "Enabled") if server.is_enabled else Status("off", "Turned off"),
            )
            for server in Server.objects.all()
        ],
        empty=Empty(title="No server yet"),
    )
