"""Lists, filtered by names that are known."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

OF_EVERY_LIST = frozenset({"cursor", "limit", "format"})


class FilterSet(rest_framework.FilterSet):  # type: ignore[misc]  # it comes without types
    """What the rows of a list can be chosen by."""


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
