"""The entries of a server as clients see them, and what the server changes about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from mcp_transport.api.documenting import documented
from mcp_transport.api.serializers import RowSerializer, Serializer
from mcp_transport.api.views import RowViews
from mcp_transport.audit.operators import recorded
from mcp_transport.auth.principal import principal_of
from mcp_transport.engine.announcing import announce, wait_for_reports
from mcp_transport.engine.catalog import Offered
from mcp_transport.engine.offering import Surveyed, survey
from mcp_transport.models import Announcement, EntryKind, EntryOverride, Server

TAKEN = "Another {kind} of this server is called {name!r}."


class OverrideSerializer(RowSerializer):
    """What a server changes about an entry; an empty field keeps what the entry says."""

    class Meta:
        model = EntryOverride
        exclude = ("id", "server", "kind", "name")


class NotifiedSerializer(Serializer):
    """Who was told of a change, as far as worker processes have said so."""

    told = serializers.IntegerField(help_text="Listeners that were told.")
    listening = serializers.IntegerField(help_text="Listeners that the server has.")
    workers = serializers.IntegerField(help_text="Worker processes that run.")
    answered = serializers.IntegerField(help_text="Worker processes that have said whom they told.")


class EntrySerializer(Serializer):
    """An entry of a server."""

    kind = serializers.ChoiceField(choices=EntryKind.choices)
    name = serializers.CharField(help_text="What its source calls it; the URI of a resource.")
    defined_in = serializers.CharField(help_text="Where it is defined.")
    is_offered = serializers.BooleanField(help_text="Whether clients are shown it.")
    seen_name = serializers.CharField(allow_null=True, help_text="What clients call it.")
    permission = serializers.CharField(allow_null=True, help_text="What it asks of a user.")
    is_read_only = serializers.BooleanField()
    definition = serializers.DictField(help_text="What clients are told, in the newest form.")
    override = OverrideSerializer(allow_null=True)


class ChangedEntrySerializer(EntrySerializer):
    """An entry that was changed."""

    notified = NotifiedSerializer(
        allow_null=True,
        help_text="Who was told; null where the request itself is a transaction"
        " (ATOMIC_REQUESTS), and nobody can be told before it is over.",
    )


ENTRY = [
    OpenApiParameter("slug", str, "path", description="The server."),
    OpenApiParameter("kind", str, "path", enum=EntryKind.values),
    OpenApiParameter("name", str, "path", description="Its own name, percent-encoded."),
]
OF_LIST = [
    OpenApiParameter("slug", str, "path", description="The server."),
    OpenApiParameter("kind", str, enum=EntryKind.values, description="Entries of one kind."),
    OpenApiParameter("user", str, description="Those that this user sees, by username."),
]


class EntryViews(RowViews):
    """One entry is changed at a time, and no other is touched by it."""

    queryset = Server.objects.prefetch_related("overrides")
    serializer_class = EntrySerializer
    pagination_class = None
    filter_backends = ()
    deeds: ClassVar[Mapping[str, str]] = {"reset": "change"}
    path_to_server: ClassVar[str | None] = "pk"

    def model_of(self, deed: str) -> type[Any]:
        """Whoever may see the server sees its entries; changing one is a change of an override."""
        return Server if deed == "view" else EntryOverride

    @documented(
        parameters=OF_LIST,
        responses=EntrySerializer(many=True),
        operation_id="servers_entries_list",
    )
    def list(self, request: Request, slug: str) -> Response:
        """Return every entry that the server offers or would offer."""
        query = request.query_params
        if unknown := sorted(set(query) - {"kind", "user", "format"}):
            raise ValidationError({name[:50]: "There is no such filter." for name in unknown})
        if (kind := query.get("kind")) is not None and kind not in EntryKind.values:
            raise ValidationError({"kind": f"It is one of {', '.join(EntryKind.values)}."})
        found = [one for one in survey(self._server(slug)) if kind in {None, one.kind}]
        if (username := query.get("user")) is not None:
            found = _seen_by(username, found)
        return Response([_shown(one) for one in found])

    @documented(parameters=ENTRY, operation_id="servers_entries_retrieve")
    def retrieve(self, request: Request, slug: str, kind: str, name: str) -> Response:
        """Return one entry."""
        return Response(_shown(self._entry(self._server(slug), kind, name)))

    @documented(
        parameters=ENTRY,
        request=OverrideSerializer,
        responses=ChangedEntrySerializer,
        operation_id="servers_entries_partial_update",
    )
    def partial_update(self, request: Request, slug: str, kind: str, name: str) -> Response:
        """Change what the server says of the entry, and say who was told; what is not sent stays."""
        with transaction.atomic():
            server = self._server(slug, is_locked=True)
            entry = self._entry(server, kind, name)
            row = entry.override or EntryOverride(server=server, kind=kind, name=name)
            serializer = OverrideSerializer(row, data=request.data, partial=True)
            serializer.is_valid(raise_exception=True)
            _refuse_taken_name(server, entry, serializer.validated_data.get("new_name", ""))
            with recorded(self.operator, "change" if entry.override else "add", row):
                serializer.save()
            announcement = announce(server)
        shown = _shown(self._entry(self._server(slug), kind, name))
        return Response(shown | {"notified": _notified(announcement)})

    @documented(parameters=ENTRY, responses={204: None}, operation_id="servers_entries_reset")
    def reset(self, request: Request, slug: str, kind: str, name: str) -> Response:
        """Forget what the server changes about the entry."""
        with transaction.atomic():
            overrides = self._server(slug, is_locked=True).overrides
            row = get_object_or_404(overrides, kind=kind, name=name)
            with recorded(self.operator, "delete", row):
                row.delete()
        return Response(status=204)

    def _server(self, slug: str, *, is_locked: bool = False) -> Server:
        rows: QuerySet[Server] = self.get_queryset()
        return get_object_or_404(rows.select_for_update() if is_locked else rows, slug=slug)

    def _entry(self, server: Server, kind: str, name: str) -> Surveyed:
        for entry in survey(server):
            if (entry.kind, entry.name) == (kind, name):
                return entry
        raise Http404


def _notified(announcement: Announcement) -> dict[str, int] | None:
    """Wait for the worker processes, where they can see the change already."""
    if connections[str(announcement._state.db)].in_atomic_block:
        return None
    return asdict(wait_for_reports(announcement))


def _shown(entry: Surveyed) -> dict[str, Any]:
    told: Offered = entry.seen or entry.original
    return {
        "kind": entry.kind,
        "name": entry.name,
        "defined_in": entry.original.source.place(entry.original.definition),
        "is_offered": entry.seen is not None,
        "seen_name": entry.seen.name if entry.seen else None,
        "permission": told.permission,
        "is_read_only": told.is_read_only,
        "definition": told.wire,
        "override": OverrideSerializer(entry.override).data if entry.override else None,
    }


def _seen_by(username: str, entries: list[Surveyed]) -> list[Surveyed]:
    users = get_user_model()._default_manager
    try:
        principal = principal_of(users.get_by_natural_key(username))
    except get_user_model().DoesNotExist:
        raise ValidationError({"user": f"There is no user {username[:50]!r}."}) from None
    return [entry for entry in entries if entry.seen and entry.seen.is_visible(principal)]


def _refuse_taken_name(server: Server, entry: Surveyed, name: str) -> None:
    others = (one for one in survey(server) if one.kind == entry.kind and one.name != entry.name)
    if name and any(name in {one.name, one.seen.name if one.seen else None} for one in others):
        raise ValidationError({"new_name": [TAKEN.format(kind=entry.kind, name=name)]})
