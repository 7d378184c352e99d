"""Lists, page after page."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as ModelError
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from mcp_transport.comparable import is_comparable
from mcp_transport.digits import read_number

PAGE_SIZE = 50
LARGEST_PAGE = 500


class NewestFirst(CursorPagination):
    """A page begins where the last one ended, however many rows have come since."""

    ordering: Any = "-id"
    page_size = PAGE_SIZE
    page_size_query_param = "limit"
    max_page_size = LARGEST_PAGE

    def get_page_size(self, request: Request) -> int | None:
        """Return how many rows a page has. Raises ValidationError."""
        limit = request.query_params.get("limit")
        if limit is None:
            return PAGE_SIZE
        size = read_number(limit, most=LARGEST_PAGE)
        if not size:
            raise ValidationError(
                {"limit": f"{limit[:20]!r} is not a whole number from 1 to {LARGEST_PAGE}."}
            )
        return size

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        """Return the rows of a page. Raises ValidationError for a cursor that is none."""
        self._model = queryset.model
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the place that the page begins at, if the query names one."""
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                self._check_place(str(cursor.position))
        except (NotFound, ValueError, ModelError):
            raise ValidationError(
                {"cursor": "It is none of this list; take those of its next and previous."}
            ) from None
        return cursor

    def _check_place(self, position: str) -> None:
        """Raise ValueError, or Django's ValidationError, for what no row could have there."""
        name = self.ordering[0].removeprefix("-")
        value = self._model._meta.get_field(name).to_python(position)
        if not is_comparable(value):
            raise ValueError("a value that no row has")
