"""How often one operator may ask."""

from __future__ import annotations

from rest_framework.throttling import UserRateThrottle

from mcp_transport.conf import settings


class OperatorThrottle(UserRateThrottle):
    """Counts in Django's cache; one in memory counts for each process by itself."""

    scope = "mcp_operator"

    def get_rate(self) -> str:
        """Return the site's rate as REST framework writes it."""
        return f"{settings.MCP_API_RATE}/min"
