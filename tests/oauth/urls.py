"""The pages of a site where clients sign in."""

from __future__ import annotations

from django.urls import include, path

from tests import urls

urlpatterns = [path("", include("mcp_transport.oauth.urls")), *urls.urlpatterns]
