"""Whether the record is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef
from django.http import Http404
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mcp_transport.api.documenting import documented
from mcp_transport.api.filtering import FilterSet
from mcp_transport.api.serializers import RowSerializer, Serializer
from mcp_transport.api.views import RowViews
from mcp_transport.audit.verification import verify, verify_all
from mcp_transport.models import AuditCheckpoint


class CheckpointSerializer(RowSerializer):
    """How far one chain was when a checkpoint vouched for it."""

    class Meta:
        model = AuditCheckpoint
        fields = ("worker", "sequence", "digest", "created_at", "is_cut")


class BreakSerializer(Serializer):
    """The first place that does not follow from what is before it."""

    sequence = serializers.IntegerField()
    reason = serializers.CharField()


class ReportSerializer(Serializer):
    """What was found about one chain."""

    worker = serializers.CharField(help_text='A worker process, or "operators".')
    rows = serializers.IntegerField()
    first = serializers.IntegerField(allow_null=True)
    last = serializers.IntegerField(allow_null=True)
    checkpoints = serializers.IntegerField()
    vouched_for = serializers.IntegerField(help_text="The newest row that a checkpoint counts.")
    broken = BreakSerializer(allow_null=True)


class ChainFilters(FilterSet):
    """What chains can be chosen by."""

    class Meta:
        model = AuditCheckpoint
        fields = ("worker", "is_cut")


class ChainViews(RowViews, mixins.ListModelMixin):
    """The newest checkpoint of each chain; following one reads every row of it."""

    queryset = AuditCheckpoint.objects.filter(
        ~Exists(
            AuditCheckpoint.objects.filter(
                worker=OuterRef("worker"), sequence__gt=OuterRef("sequence")
            )
        )
    )
    serializer_class = CheckpointSerializer
    filterset_class = ChainFilters
    lookup_field = "worker"
    lookup_value_regex = "[^/]+"
    deeds: ClassVar[Mapping[str, str]] = {"verify": "view", "verify_all": "view"}

    @documented(request=None, responses=ReportSerializer, operation_id="chains_verify")
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, worker: str) -> Response:
        """Follow one chain from its beginning to its end."""
        self.get_queryset()  # a token for single servers has no chain
        report = verify(worker)
        if not (report.rows or report.checkpoints):
            raise Http404
        return Response(as_json(report))

    @documented(
        request=None, responses=ReportSerializer(many=True), operation_id="chains_verify_all"
    )
    @action(
        detail=False, methods=["post"], url_path="verify", pagination_class=None, filter_backends=()
    )
    def verify_all(self, request: Request) -> Response:
        """Follow every chain."""
        self.get_queryset()
        return Response([as_json(report) for report in verify_all()])


def as_json(report: Any) -> Any:
    """Give a report as the API shows it."""
    return ReportSerializer(asdict(report)).data
