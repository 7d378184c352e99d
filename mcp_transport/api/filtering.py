"""Lists, filtered by names that are known."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError as ModelError
from django.db import models
from django.db.models import QuerySet
from django_filters import rest_framework
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from mcp_transport.comparable import is_convertible

OF_EVERY_LIST = frozenset({"cursor", "limit", "format"})


YES_OR_NO = {"true": True, "1": True, "false": False, "0": False}


def check_time(at: datetime) -> None:
    """Refuse a time that cannot be compared with those of rows."""
    if not is_convertible(at):
        raise ModelError("This is at the end of the calendar.", code="out_of_range")


class TimeFilter(rest_framework.IsoDateTimeFilter):  # type: ignore[misc]  # it comes without types
    """A time, as ISO 8601 writes it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, validators=[check_time], **options)


class YesOrNoField(forms.NullBooleanField):
    """Takes a word for each, and no other: one that is misspelt would show everything."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        """See Field.to_python()."""
        word = str(value or "").lower()
        if word and word not in YES_OR_NO:
            raise ModelError(f"{word[:20]!r} is neither true nor false.", code="invalid")
        return YES_OR_NO.get(word)

    def validate(self, value: Any) -> None:
        """Accept nothing, too: then the filter is not used."""


class YesOrNoFilter(rest_framework.BooleanFilter):  # type: ignore[misc]  # it comes without types
    """Whether something is so."""

    field_class = YesOrNoField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, widget=forms.TextInput, **options)


def _whole(_column: Any) -> dict[str, Any]:
    return {"decimal_places": 0}


class FilterSet(rest_framework.FilterSet):  # type: ignore[misc]  # it comes without types
    """What the rows of a list can be chosen by."""

    FILTER_DEFAULTS: ClassVar[dict[Any, Any]] = {
        **rest_framework.FilterSet.FILTER_DEFAULTS,
        models.BooleanField: {"filter_class": YesOrNoFilter},
        models.BigIntegerField: {"filter_class": rest_framework.NumberFilter, "extra": _whole},
    }


class StrictFilters(DjangoFilterBackend):  # type: ignore[misc]  # it comes without types
    """Refuses what it does not know: a misspelt filter would show everything."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> Any:
        """Filter by the query string. Raises ValidationError."""
        filters = self.get_filterset_class(view, queryset)
        known = OF_EVERY_LIST | (set(filters.base_filters) if filters else set())
        if unknown := sorted(set(request.query_params) - known):
            names = ", ".join(sorted(known))
            raise ValidationError(
                {name[:50]: f"There is no such filter; there are {names}." for name in unknown}
            )
        return super().filter_queryset(request, queryset, view)
