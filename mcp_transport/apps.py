"""The Django application."""

from __future__ import annotations

from django.apps import AppConfig


class McpTransportConfig(AppConfig):
    """Discovers what the site's apps offer and registers the checks."""

    name = "mcp_transport"
    label = "mcp_transport"
    verbose_name = "MCP"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import each app's ``mcp`` module; runs once, after every model is loaded."""
        from importlib.util import find_spec

        if find_spec("mcp_transport.registry.discovery") is None:
            return
        from mcp_transport.registry.discovery import autodiscover

        autodiscover()
