"""The site's pages; the MCP endpoints are mounted in asgi.py."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    # Browsers ask for it wherever no page names another.
    path("favicon.ico", RedirectView.as_view(url=static("mcpsite/icon.svg"))),
    path("admin/", admin.site.urls),
    path("api/", include("mcp_transport.api.urls")),
]
