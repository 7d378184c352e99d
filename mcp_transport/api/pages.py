"""Lists, page after page."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

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
