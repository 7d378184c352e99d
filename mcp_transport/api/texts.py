"""Prompts and resources that are texts."""

from __future__ import annotations

from copy import copy
from typing import Any

from rest_framework import serializers

from mcp_transport.api.filtering import FilterSet
from mcp_transport.api.serializers import RowSerializer
from mcp_transport.api.views import EditableRowViews
from mcp_transport.engine.offering import clash_of_text
from mcp_transport.models import TextEntry


class TextSerializer(RowSerializer):
    """A text; every change of it adds a version."""

    arguments = serializers.ListField(child=serializers.DictField(), required=False)

    class Meta:
        model = TextEntry
        fields = "__all__"

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a name that an entry of another source has: clients would find that one."""
        attrs = super().validate(attrs)
        row = copy(self.instance) if isinstance(self.instance, TextEntry) else TextEntry()
        for name in attrs.keys() & {"kind", "name", "uri"}:
            setattr(row, name, attrs[name])
        if clash := clash_of_text(row.kind, row.key):
            field = "uri" if row.kind == TextEntry.Kind.RESOURCE else "name"
            raise serializers.ValidationError({field: [clash]})
        return attrs

    def create(self, validated_data: dict[str, Any]) -> TextEntry:
        """Save the text as its author's."""
        return self.update(TextEntry(), validated_data)

    def update(self, instance: Any, validated_data: dict[str, Any]) -> TextEntry:
        """Save the text, and the version of its author."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(author=self.context["request"].user.get_username())
        saved: TextEntry = instance
        return saved


class TextFilters(FilterSet):
    """What texts can be chosen by."""

    class Meta:
        model = TextEntry
        fields = ("kind", "name", "uri", "is_enabled")


class TextViews(EditableRowViews):
    """What operators have written for servers to offer."""

    queryset = TextEntry.objects.all()
    serializer_class = TextSerializer
    filterset_class = TextFilters
