"""The Django application."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

from mcp_transport.registry.discovery import autodiscover


class McpTransportConfig(AppConfig):
    """Registers the checks and discovers what the site's apps offer."""

    name = "mcp_transport"
    label = "mcp_transport"
    verbose_name = "MCP"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import the checks, then each app's ``mcp`` module; runs when models are loaded."""
        import_module("mcp_transport.checks")  # it imports models
        autodiscover()
