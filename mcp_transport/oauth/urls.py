"""
The authorization server's addresses.

Included at the site's root: clients look for its metadata there, and nowhere else.
"""

from __future__ import annotations

from django.urls import path

from mcp_transport.oauth.addresses import WELL_KNOWN
from mcp_transport.oauth.consent import AuthorizeView
from mcp_transport.oauth.own import OwnView
from mcp_transport.oauth.views import MetadataView, RegisterView, RevokeView, TokenView

app_name = "mcp_oauth"
urlpatterns = [
    path(WELL_KNOWN.removeprefix("/"), MetadataView.as_view(), name="metadata"),
    path("oauth/authorize", AuthorizeView.as_view(), name="authorize"),
    path("oauth/token", TokenView.as_view(), name="token"),
    path("oauth/revoke", RevokeView.as_view(), name="revoke"),
    path("oauth/register", RegisterView.as_view(), name="register"),
    path("oauth/applications", OwnView.as_view(), name="own"),
    # Python's client, started anew, asks here (2025-03-26, authorization, section 2.3.3).
    path("token", TokenView.as_view()),
]
