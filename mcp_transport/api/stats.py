"""The figures of the overview: how often, how well and how fast, by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from mcp_transport.api.documenting import documented
from mcp_transport.api.permissions import BOUND, servers_reached
from mcp_transport.api.serializers import Serializer, TimeField, refuse_unknown
from mcp_transport.api.views import RowViews
from mcp_transport.audit.statistics import Statistics
from mcp_transport.audit.tallies import SPANS, Entry, Figures, Window
from mcp_transport.models import EntryKind, Overview, Server

MOST = 100  # of entries, clients, users and tokens: those that were called most
SHARES = {"p50_us": 0.5, "p95_us": 0.95, "p99_us": 0.99}


class FiguresSerializer(Serializer):
    """Some calls, added up; percentiles are estimates from a histogram."""

    calls = serializers.IntegerField()
    failed = serializers.IntegerField()
    denied = serializers.IntegerField()
    outcomes = serializers.DictField(child=serializers.IntegerField())
    longest_us = serializers.IntegerField()
    p50_us = serializers.IntegerField(allow_null=True)
    p95_us = serializers.IntegerField(allow_null=True)
    p99_us = serializers.IntegerField(allow_null=True)
    last_at = TimeField(allow_null=True)


class NamedFiguresSerializer(FiguresSerializer):
    """The calls that had a name in common."""

    name = serializers.CharField()


class EntryFiguresSerializer(NamedFiguresSerializer):
    """The calls of one entry."""

    server = serializers.CharField()
    kind = serializers.CharField(allow_blank=True)


class BucketSerializer(FiguresSerializer):
    """The calls of one bucket of time."""

    started_at = TimeField()


class StatsSerializer(Serializer):
    """What a window of time looked like."""

    window = serializers.ChoiceField(choices=sorted(SPANS))
    started_at = TimeField()
    late_since = TimeField(
        allow_null=True, help_text="Up to when the figures go, if they are late."
    )
    totals = FiguresSerializer()
    totals_before = FiguresSerializer(help_text="Of the stretch of time before.")
    servers = NamedFiguresSerializer(many=True)
    entries = EntryFiguresSerializer(many=True)
    clients = NamedFiguresSerializer(many=True)
    users = NamedFiguresSerializer(many=True)
    tokens = NamedFiguresSerializer(many=True)
    series = BucketSerializer(many=True)


class Question(Serializer):
    """Of what the figures are to be."""

    window = serializers.ChoiceField(choices=sorted(SPANS), default="24h")
    server = serializers.CharField(required=False)
    kind = serializers.ChoiceField(choices=EntryKind.values, required=False)
    entry = serializers.CharField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """An entry is one of a kind, of a server."""
        refuse_unknown(self.initial_data, {**self.fields, "format": None})
        if ("entry" in attrs or "kind" in attrs) and not {
            "server",
            "kind",
            "entry",
        } <= attrs.keys():
            raise serializers.ValidationError("Send server, kind and entry, or none of the latter.")
        return attrs


class StatsViews(RowViews):
    """Read from sums, never from the record; any number of calls costs the same."""

    queryset = Overview.objects.none()
    serializer_class = StatsSerializer
    pagination_class = None
    filter_backends = ()

    @documented(
        parameters=[
            OpenApiParameter("window", str, enum=sorted(SPANS), default="24h"),
            OpenApiParameter("server", str, description="Of this server alone, by slug."),
            OpenApiParameter("kind", str, enum=EntryKind.values),
            OpenApiParameter("entry", str, description="Of this entry of the server alone."),
        ],
        responses=StatsSerializer,
        operation_id="stats_retrieve",
    )
    def retrieve(self, request: Request) -> Response:
        """Return the figures of a window up to now."""
        asked = Question(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        self._check_reach(asked.validated_data.get("server"))
        return Response(StatsSerializer(figures_of(asked.validated_data)).data)

    def _check_reach(self, slug: str | None) -> None:
        reached = servers_reached(self.request)
        if reached is None:
            return
        if slug is None or not Server.objects.filter(slug=slug, pk__in=reached).exists():
            raise PermissionDenied(BOUND)


def figures_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Gather everything that is answered."""
    window = Window.last(asked["window"])
    entry = Entry(asked["server"], asked["kind"], asked["entry"]) if "entry" in asked else None
    found = Statistics(window, server=asked.get("server"), entry=entry)
    answer = {
        "window": asked["window"],
        "started_at": window.start,
        "late_since": found.late_since,
        "totals": described(found.totals),
        "totals_before": described(found.totals_before),
        "servers": named(found.by_server),
        "series": [described(figures, started_at=start) for start, figures in found.series],
    }
    if entry is not None:  # who called one entry is not summed up
        return answer | {"entries": [], "clients": [], "users": [], "tokens": []}
    entries = {
        one: described(figures, name=one.name, server=one.server, kind=one.kind)
        for one, figures in found.entries.items()
    }
    return answer | {
        "entries": most(entries.values()),
        "clients": named(found.clients),
        "users": named(found.users),
        "tokens": named(found.tokens),
    }


def named(found: Mapping[str, Figures]) -> list[dict[str, Any]]:
    """Return the figures of each name, what was called most first."""
    return most(described(figures, name=name) for name, figures in found.items())


def most(found: Any) -> list[dict[str, Any]]:
    """Return the first of them in that order."""
    return sorted(found, key=lambda row: (-row["calls"], row["name"]))[:MOST]


def described(figures: Figures, **more: Any) -> dict[str, Any]:
    """Return figures as they are shown."""
    shares = {name: figures.percentile(share) for name, share in SHARES.items()}
    return {
        "calls": figures.calls,
        "failed": figures.failed,
        "denied": figures.denied,
        "outcomes": figures.outcomes,
        "longest_us": figures.longest_us,
        "last_at": figures.last_at,
        **{name: None if value is None else round(value) for name, value in shares.items()},
        **more,
    }
