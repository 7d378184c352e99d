"""Tokens: issued, changed and revoked; a value is in the one answer that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from mcp_transport.api.documenting import documented
from mcp_transport.api.filtering import FilterSet, TimeFilter, YesOrNoFilter
from mcp_transport.api.serializers import NamedField, RowSerializer, Serializer, refuse_unknown
from mcp_transport.api.views import EditableRowViews
from mcp_transport.audit.differences import difference, stored
from mcp_transport.audit.operators import record_action, recorded
from mcp_transport.auth.permissions import TOO_MUCH, may_issue_for
from mcp_transport.models import Server, Token
from mcp_transport.models.token import default_expiry

DAY = 24 * 3600
USERNAME = get_user_model().USERNAME_FIELD
ENDED = "This token is revoked or expired; issue another."


class TokenSerializer(RowSerializer):
    """A credential of one user, without its value."""

    owner = NamedField(slug_field=USERNAME, queryset=get_user_model()._default_manager.all())
    servers = NamedField(
        slug_field="slug",
        queryset=Server.objects.all(),
        many=True,
        required=False,
        help_text="None: every server of the owner.",
    )
    scopes = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="None: everything but operators."
    )
    is_usable = serializers.BooleanField(read_only=True)

    class Meta:
        model = Token
        exclude = ("digest",)
        read_only_fields = ("hint", "last_used_at", "revoked_at", "successor")

    def validate_owner(self, owner: Any) -> Any:
        """Refuse to give out more than the operator has; a token keeps its owner."""
        if self.instance is not None and self.instance.owner != owner:
            raise serializers.ValidationError("A token keeps its owner; issue another.")
        if not may_issue_for(self.context["request"].user, owner):
            raise serializers.ValidationError(TOO_MUCH)
        return owner

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the owner of a token that is changed, too."""
        if self.instance is not None:
            self.validate_owner(self.instance.owner)
        return super().validate(attrs)


class IssuedTokenSerializer(TokenSerializer):
    """A token with its value, which is not to be had again."""

    value = serializers.CharField(read_only=True, source="issued_value")

    def validate_expires_at(self, at: datetime | None) -> datetime | None:
        """Refuse a token that would be good for nothing."""
        if at is not None and at <= timezone.now():
            raise serializers.ValidationError("This is over.")
        return at

    def create(self, validated_data: dict[str, Any]) -> Token:
        """Make the token."""
        validated_data.setdefault("expires_at", default_expiry())
        token, value = Token.objects.issue(**validated_data)
        token.issued_value = value
        return token


class RotationSerializer(Serializer):
    """How a token is replaced."""

    overlap_seconds = serializers.IntegerField(
        default=DAY,
        min_value=0,
        max_value=90 * DAY,
        help_text="For so long the old value is accepted, too.",
    )


class TokenFilters(FilterSet):
    """What tokens can be chosen by."""

    owner = filters.CharFilter(f"owner__{USERNAME}")
    server = filters.CharFilter("servers__slug")
    is_revoked = YesOrNoFilter("revoked_at", lookup_expr="isnull", exclude=True)
    expires_before = TimeFilter("expires_at", lookup_expr="lt")

    class Meta:
        model = Token
        fields = ("name", "hint", "owner", "server", "is_revoked", "expires_before")


class TokenViews(EditableRowViews):
    """The credentials of clients."""

    queryset = Token.objects.select_related("owner").prefetch_related("servers")
    serializer_class = TokenSerializer
    filterset_class = TokenFilters
    deeds: ClassVar[Mapping[str, str]] = {"revoke": "change", "rotate": "change"}

    def get_serializer_class(self) -> type[TokenSerializer]:
        """Show the value to whoever issues it."""
        return IssuedTokenSerializer if self.action == "create" else TokenSerializer

    @documented(request=None, responses=TokenSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Refuse the token from now on; it cannot be taken back."""
        token = self.get_object()
        if token.revoked_at is None:
            with recorded(self.operator, "revoke", token):
                Token.objects.filter(pk=token.pk).revoke()
            token.refresh_from_db()
        return Response(self.get_serializer(token).data)

    @documented(
        request=RotationSerializer,
        responses={201: IssuedTokenSerializer},
        operation_id="tokens_rotate",
    )
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """Issue a token in the place of this one; the answer alone holds its value."""
        asked = RotationSerializer(data=request.data)
        refuse_unknown(request.data, asked.fields)
        asked.is_valid(raise_exception=True)
        token = self.get_object()
        if not token.is_usable:
            raise ValidationError({"non_field_errors": [ENDED]})
        if not may_issue_for(request.user, token.owner):
            raise PermissionDenied(TOO_MUCH)
        overlap = timedelta(seconds=asked.validated_data["overlap_seconds"])
        with recorded(self.operator, "rotate", token):
            successor, value = token.rotate(overlap=overlap)
            successor.issued_value = value
            if not overlap:
                Token.objects.filter(pk=token.pk).revoke()
            made = difference({}, stored(successor))
            record_action(self.operator, "add", successor, changes=made)
        return Response(IssuedTokenSerializer(successor).data, status=201)
