"""The site's pages; the MCP endpoints are mounted in asgi.py."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

# The admin's own page lets nobody in but staff.
login = LoginView.as_view(
    template_name="admin/login.html",
    extra_context={"site_header": admin.site.site_header, "title": "Log in"},
)

urlpatterns = [
    path("", include("mcp_transport.oauth.urls")),
    path("login/", login, name="login"),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    # Browsers ask for it wherever no page names another.
    path("favicon.ico", RedirectView.as_view(url=static("mcpsite/icon.svg"))),
    path("admin/", admin.site.urls),
    path("api/", include("mcp_transport.api.urls")),
]
