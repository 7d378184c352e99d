"""The Django application."""

from __future__ import annotations

import logging
from importlib import import_module

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured


class OAuthConfig(AppConfig):
    """Registers the checks and announces the site as an authorization server."""

    name = "mcp_transport.oauth"
    label = "mcp_oauth"
    verbose_name = "MCP sign-in"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register; models are loaded by now. Raises ImproperlyConfigured."""
        if not apps.is_installed("oauth2_provider"):
            raise ImproperlyConfigured(
                'mcp_transport.oauth needs "oauth2_provider" beside it in INSTALLED_APPS.'
            )
        import_module("mcp_transport.oauth.checks")  # it imports models
        import_module("mcp_transport.oauth.announcing").connect()
        grammar = logging.getLogger("oauthlib")
        if grammar.level == logging.NOTSET:
            grammar.setLevel(logging.INFO)  # at DEBUG it writes codes and tokens down
