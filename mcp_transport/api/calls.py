"""The record of calls, and the record of what operators did: read, and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import mixins, serializers
from rest_framework.request import Request

from mcp_transport.api.documenting import documented
from mcp_transport.api.filtering import FilterSet, TimeFilter
from mcp_transport.api.permissions import servers_reached
from mcp_transport.api.serializers import RowSerializer
from mcp_transport.api.views import RowViews
from mcp_transport.audit.export import COLUMNS_OF_CALL, FORMS, exported
from mcp_transport.audit.operators import Subject, record_action
from mcp_transport.audit.search import matching
from mcp_transport.models import Call, OperatorAction, Server
from mcp_transport.models.session import HANDLE_LENGTH


class CallSerializer(RowSerializer):
    """One request and how it ended."""

    session = serializers.SerializerMethodField(help_text="The beginning of its session's id.")

    class Meta:
        model = Call
        fields = "__all__"

    def get_session(self, call: Call) -> str:
        """Give as much of the session's id as opens nothing."""
        return call.session[:HANDLE_LENGTH]


class CallFilters(FilterSet):
    """What calls can be chosen by."""

    session = filters.CharFilter(lookup_expr="startswith")
    q = filters.CharFilter(
        method="say",
        max_length=200,
        help_text="Words that the call says, or begins with; or its id, request id or trace id.",
    )
    started_after = TimeFilter("started_at", lookup_expr="gte")
    started_before = TimeFilter("started_at", lookup_expr="lt")

    class Meta:
        model = Call
        fields = (
            "server",
            "method",
            "kind",
            "entry",
            "outcome",
            "transport",
            "revision",
            "principal",
            "username",
            "user_id",
            "token_id",
            "session",
            "trace_id",
            "worker",
            "started_after",
            "started_before",
            "q",
        )

    def say(self, calls: QuerySet[Call], name: str, value: str) -> QuerySet[Call]:
        """Find text in calls."""
        return matching(calls, value)


FORM = OpenApiParameter("form", str, "path", enum=sorted(FORMS))


class CallViews(RowViews, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What was asked of the site's servers; nobody changes it."""

    queryset = Call.objects.all()
    serializer_class = CallSerializer
    filterset_class = CallFilters
    deeds: ClassVar[Mapping[str, str]] = {"export": "view"}

    def get_queryset(self) -> QuerySet[Call]:
        """Return the calls of the servers that the token reaches; a call names its server."""
        calls = Call.objects.all()
        is_fake = getattr(self, "swagger_fake_view", False)
        reached = None if is_fake else servers_reached(self.request)
        if reached is None:
            return calls
        slugs = Server.objects.filter(pk__in=reached).values_list("slug", flat=True)
        return calls.filter(server__in=list(slugs))

    @documented(
        parameters=[FORM],
        responses={(200, media_type): OpenApiTypes.STR for media_type in FORMS.values()},
        filters=True,
        operation_id="calls_export",
    )
    def export(self, request: Request, form: str) -> HttpResponseBase:
        """Send every call that the filters leave, the newest first; that is recorded, too."""
        calls = self.filter_queryset(self.get_queryset())
        chosen = {name: [None, value] for name, value in request.query_params.items()}
        record_action(self.operator, "export", Subject(kind="call", name=form), changes=chosen)
        return exported(request._request, calls, COLUMNS_OF_CALL, form=form, name="calls")


class ActionSerializer(RowSerializer):
    """One thing that an operator did, or was not allowed to."""

    changes = serializers.DictField(
        source="difference", help_text="A field's name to its value before and after."
    )

    class Meta:
        model = OperatorAction
        fields = "__all__"


class ActionFilters(FilterSet):
    """What actions can be chosen by."""

    acted_after = TimeFilter("acted_at", lookup_expr="gte")
    acted_before = TimeFilter("acted_at", lookup_expr="lt")

    class Meta:
        model = OperatorAction
        fields = (
            "username",
            "user_id",
            "way",
            "action",
            "kind",
            "object_id",
            "outcome",
            "request_id",
            "acted_after",
            "acted_before",
        )


class ActionViews(RowViews, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What operators did; nobody changes it."""

    queryset = OperatorAction.objects.all()
    serializer_class = ActionSerializer
    filterset_class = ActionFilters
