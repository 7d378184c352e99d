"""Sessions: who is connected, and the end of one, many, or all of a user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import Http404
from django_filters import rest_framework as filters
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mcp_transport.api.documenting import documented
from mcp_transport.api.filtering import FilterSet, YesOrNoFilter
from mcp_transport.api.pages import NewestFirst
from mcp_transport.api.serializers import RowSerializer, Serializer, refuse_unknown
from mcp_transport.api.views import RowViews
from mcp_transport.audit.operators import record_actions
from mcp_transport.models import Session
from mcp_transport.models.session import BY_AN_OPERATOR, HANDLE_LENGTH, SessionQuerySet

MOST_AT_ONCE = 500
USERNAME = get_user_model().USERNAME_FIELD


class SessionSerializer(RowSerializer):
    """A conversation; its id is half of what is needed to take it over, so it is cut."""

    handle = serializers.CharField(read_only=True, help_text="The beginning of its id.")
    server = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    user = serializers.SlugRelatedField[Any](slug_field=USERNAME, read_only=True)

    class Meta:
        model = Session
        exclude = ("id",)


class SessionFilters(FilterSet):
    """What sessions can be chosen by."""

    server = filters.CharFilter("server__slug")
    user = filters.CharFilter(f"user__{USERNAME}")
    is_open = YesOrNoFilter("closed_at", lookup_expr="isnull")

    class Meta:
        model = Session
        fields = ("server", "user", "is_open", "owner", "token", "revision", "transport")


class Closing(Serializer):
    """Which sessions are to be closed: some by handle, or all that a user has."""

    handles = serializers.ListField(
        child=serializers.CharField(min_length=HANDLE_LENGTH, max_length=43),
        max_length=MOST_AT_ONCE,
        allow_empty=False,
        required=False,
    )
    user = serializers.CharField(required=False, help_text="A username.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for one of both."""
        refuse_unknown(self.initial_data, self.fields)
        if len(attrs) != 1:
            raise serializers.ValidationError("Send either handles or user.")
        return attrs

    def validate_user(self, username: str) -> Any:
        """Find the user."""
        user = get_user_model()._default_manager.filter(**{USERNAME: username}).first()
        if user is None:
            raise serializers.ValidationError(f"There is no user {username[:50]!r}.")
        return user


class Closed(Serializer):
    """What was closed."""

    closed = serializers.ListField(child=serializers.CharField(), help_text="Their handles.")


class ByCreation(NewestFirst):
    """Sessions, the latest first."""

    ordering = ("-created_at", "-id")


class SessionViews(RowViews, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Who is, or was, in conversation with which server."""

    queryset = Session.objects.select_related("server", "user", "token")
    serializer_class = SessionSerializer
    filterset_class = SessionFilters
    pagination_class = ByCreation
    lookup_field = "handle"
    lookup_value_regex = f"[A-Za-z0-9_-]{{{HANDLE_LENGTH}}}"
    deeds: ClassVar[Mapping[str, str]] = {"close": "change", "close_many": "change"}
    path_to_server: ClassVar[str | None] = "server_id"

    def get_object(self) -> Session:
        """Find the session that begins so."""
        session = self._sessions().with_handle(self.kwargs["handle"])
        if session is None:
            raise Http404
        return session

    @documented(request=None, responses=Closed, operation_id="sessions_close")
    @action(detail=True, methods=["post"])
    def close(self, request: Request, handle: str) -> Response:
        """End one session; its client has to begin anew."""
        session = self.get_object()
        return self._close(self._sessions().filter(pk=session.pk))

    @documented(request=Closing, responses=Closed, operation_id="sessions_close_many")
    @action(detail=False, methods=["post"], url_path="close", url_name="close-many")
    def close_many(self, request: Request) -> Response:
        """End several sessions, or all of a user. A handle of none closes none at all."""
        asked = Closing(data=request.data)
        asked.is_valid(raise_exception=True)
        rows = self._sessions()
        if "user" in asked.validated_data:
            return self._close(rows.filter(user=asked.validated_data["user"]))
        handles = asked.validated_data["handles"]
        found = rows.with_handles(handles)
        if missing := sorted(set(handles) - found.keys()):
            raise serializers.ValidationError(
                {
                    "handles": [
                        f"There is no session {handle[:HANDLE_LENGTH]}…" for handle in missing
                    ]
                }
            )
        return self._close(rows.filter(pk__in=[session.pk for session in found.values()]))

    def _sessions(self) -> SessionQuerySet:
        return cast("SessionQuerySet", self.get_queryset())

    def _close(self, sessions: SessionQuerySet) -> Response:
        with transaction.atomic():
            to_close = list(sessions.open())
            record_actions(self.operator, "close", [(session, {}) for session in to_close])
            Session.objects.filter(pk__in=[session.pk for session in to_close]).close(
                BY_AN_OPERATOR
            )
        return Response({"closed": [session.handle for session in to_close]})
