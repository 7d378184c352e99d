"""Servers: make, read, change, delete."""

from __future__ import annotations

from typing import ClassVar

from rest_framework import serializers

from mcp_transport.api.filtering import FilterSet
from mcp_transport.api.pages import NewestFirst
from mcp_transport.api.serializers import RowSerializer
from mcp_transport.api.views import EditableRowViews
from mcp_transport.conf import settings
from mcp_transport.models import Server


class ServerSerializer(RowSerializer):
    """A server with everything that its page in the admin has."""

    offers = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text='"*" for everything, "app_label", or "app_label:entry".',
    )
    allowed_origins = serializers.ListField(child=serializers.CharField(), required=False)
    revisions = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="None: every one."
    )
    transports = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="None: every one."
    )
    endpoint = serializers.SerializerMethodField(help_text="Where clients reach it.")

    class Meta:
        model = Server
        fields = "__all__"

    def get_endpoint(self, server: Server) -> str:
        """Give the address below the site that was asked."""
        path = f"{settings.MCP_PATH}/{server.slug}"
        request = self.context.get("request")
        return request.build_absolute_uri(path) if request else path


class ServerFilters(FilterSet):
    """What servers can be chosen by."""

    class Meta:
        model = Server
        fields = ("slug", "access", "is_enabled", "is_default")


class BySlug(NewestFirst):
    """Servers in the order of their slugs."""

    ordering = "slug"


class ServerViews(EditableRowViews):
    """Which entries are offered under which URL, and to whom."""

    queryset = Server.objects.all()
    serializer_class = ServerSerializer
    filterset_class = ServerFilters
    pagination_class = BySlug
    lookup_field = "slug"
    path_to_server: ClassVar[str | None] = "pk"
