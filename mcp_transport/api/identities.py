"""Identities: which account of another authorization server is which user."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django_filters import rest_framework as filters
from rest_framework import mixins, serializers

from mcp_transport.api.filtering import FilterSet
from mcp_transport.api.serializers import NamedField, RowSerializer
from mcp_transport.api.views import RowViews
from mcp_transport.auth.permissions import TOO_MUCH, may_issue_for
from mcp_transport.conf import settings
from mcp_transport.models import Identity

USERNAME = get_user_model().USERNAME_FIELD


class IdentitySerializer(RowSerializer):
    """An account and the user that it is."""

    user = NamedField(slug_field=USERNAME, queryset=get_user_model()._default_manager.all())

    class Meta:
        model = Identity
        fields = ("id", "issuer", "subject", "user", "created_at")
        read_only_fields = ("created_at",)

    def validate_issuer(self, issuer: str) -> str:
        """Refuse an issuer whose tokens are not taken: it was probably mistyped."""
        if issuer not in settings.MCP_ISSUERS:
            raise serializers.ValidationError("MCP_ISSUERS does not name this issuer.")
        return issuer

    def validate_user(self, user: Any) -> Any:
        """Refuse to give out more than the operator has."""
        if not may_issue_for(self.context["request"].user, user):
            raise serializers.ValidationError(TOO_MUCH)
        return user


class IdentityFilters(FilterSet):
    """What identities can be chosen by."""

    user = filters.CharFilter(f"user__{USERNAME}")

    class Meta:
        model = Identity
        fields = ("issuer", "subject", "user")


class IdentityViews(
    RowViews,
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
):
    """Who signs in elsewhere. A link is made and taken back; another is another row."""

    queryset = Identity.objects.select_related("user")
    serializer_class = IdentitySerializer
    filterset_class = IdentityFilters
