"""What the serializers of rows have in common."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as ModelError
from django.db import models
from rest_framework import ISO_8601, serializers

from mcp_transport.comparable import is_comparable

if TYPE_CHECKING:  # generic in the type stubs only
    ModelSerializer = serializers.ModelSerializer[Any]
    Serializer = serializers.Serializer[Any]
else:
    ModelSerializer = serializers.ModelSerializer
    Serializer = serializers.Serializer


class NamedField(serializers.SlugRelatedField):  # type: ignore[type-arg]  # generic in the stubs only
    """Another row, by what people call it."""

    def to_internal_value(self, data: Any) -> Any:
        """Find the row; there is none whose name no database keeps."""
        if not is_comparable(data):
            self.fail("does_not_exist", slug_name=self.slug_field, value=ascii(data)[:50])
        return super().to_internal_value(data)


class TimeField(serializers.DateTimeField):
    """A time as ISO 8601 writes it, whatever format the site's own views have."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format=ISO_8601, input_formats=[ISO_8601], **options)


OF_NO_FIELD = "non_field_errors"  # what REST framework calls them
UNKNOWN = "There is no such field."


def refuse_unknown(given: Any, fields: Mapping[str, Any]) -> None:
    """Raise ValidationError for what would be passed over in silence."""
    unknown = set(given) - set(fields) if isinstance(given, Mapping) else ()
    if unknown:
        raise serializers.ValidationError({str(name)[:50]: [UNKNOWN] for name in unknown})


class RowSerializer(ModelSerializer):
    """
    A row as the API shows and takes it.

    What is taken is checked as a form of the admin checks it, constraints of
    the table included.
    """

    serializer_field_mapping: ClassVar[dict[Any, Any]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: TimeField,
    }

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown fields; what is read-only may be sent back, and counts for nothing."""
        refuse_unknown(data, self.fields)
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the row that this would make."""
        model: Any = self.Meta.model
        row = copy(self.instance) if self.instance is not None else model()
        related = {relation.name for relation in model._meta.many_to_many}
        for name in attrs.keys() - related:
            setattr(row, name, attrs[name])
        try:
            row.full_clean(exclude=self.unchecked(row))
        except ModelError as error:
            raise serializers.ValidationError(
                {
                    OF_NO_FIELD if name == NON_FIELD_ERRORS else name: messages
                    for name, messages in error.message_dict.items()
                }
            ) from None
        return attrs

    def unchecked(self, row: Any) -> set[str]:
        """Return the fields that are not this serializer's to fill in."""
        writable = {f.source for f in self.fields.values() if not f.read_only}
        return {f.name for f in row._meta.fields} - writable
