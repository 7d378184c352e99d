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
        """Connect what waits for the models, which are loaded by now; then import each app's ``mcp``."""
        import_module("mcp_transport.checks")  # it imports models
        import_module("mcp_transport.receivers").connect()
        import_module("mcp_transport.auth.issuers.configuration").announce()
        autodiscover()
