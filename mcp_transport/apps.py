"""The Django application."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class McpTransportConfig(AppConfig):
    """Registers the checks and discovers what the site's apps offer."""

    name = "mcp_transport"
    label = "mcp_transport"
    verbose_name = "MCP"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import the checks, then each app's ``mcp`` module; runs when models are loaded."""
        import_module("mcp_transport.checks")
        from importlib.util import find_spec

        if find_spec("mcp_transport.registry.discovery") is not None:
            import_module("mcp_transport.registry.discovery").autodiscover()
