"""
The addresses of the operators' API.

    path("api/", include("mcp_transport.api.urls"))
"""

from __future__ import annotations

from django.urls import path, re_path
from rest_framework.routers import DefaultRouter

from mcp_transport.api.calls import ActionViews, CallViews
from mcp_transport.api.chains import ChainViews
from mcp_transport.api.entries import EntryViews
from mcp_transport.api.identities import IdentityViews
from mcp_transport.api.schema import DocumentPage, DocumentView
from mcp_transport.api.servers import ServerViews
from mcp_transport.api.sessions import SessionViews
from mcp_transport.api.stats import StatsViews
from mcp_transport.api.texts import TextViews
from mcp_transport.api.tokens import TokenViews
from mcp_transport.api.views import Root


class OperatorRouter(DefaultRouter):
    """Names what there is at the root, for operators alone."""

    APIRootView = Root
    include_format_suffixes = False


router = OperatorRouter()
router.register("servers", ServerViews, "server")
router.register("sessions", SessionViews, "session")
router.register("calls", CallViews, "call")
router.register("actions", ActionViews, "action")
router.register("tokens", TokenViews, "token")
router.register("identities", IdentityViews, "identity")
router.register("texts", TextViews, "text")
router.register("chains", ChainViews, "chain")

app_name = "mcp_transport_api"
urlpatterns = [
    path("servers/<slug:slug>/entries/", EntryViews.as_view({"get": "list"}), name="entry-list"),
    path(
        "servers/<slug:slug>/entries/<str:kind>/<path:name>/",
        EntryViews.as_view({"get": "retrieve", "patch": "partial_update", "delete": "reset"}),
        name="entry-detail",
    ),
    re_path(
        r"^calls/export\.(?P<form>csv|jsonl)$",
        CallViews.as_view({"get": "export"}, pagination_class=None),
        name="call-export",
    ),
    path("stats/", StatsViews.as_view({"get": "retrieve"}), name="stats"),
    path("schema/", DocumentView.as_view(), name="schema"),
    path("docs/", DocumentPage.as_view(), name="docs"),
    *router.urls,
]
