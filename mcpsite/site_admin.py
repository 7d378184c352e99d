"""The site's admin, with the MCP pages in their order."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class SiteAdminConfig(AdminConfig):
    """Stands in the place of django.contrib.admin."""

    default_site = "mcp_transport.sidebar.OrderedSite"
