"""Whether clients could sign in, as the site is set up."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.urls import Resolver404, resolve

from mcp_transport.oauth.addresses import WELL_KNOWN
from mcp_transport.oauth.consent import login_url

HINT = "docs/howto/sign-in.md says what a site sets."


@register()
def check_apps(**_: Any) -> list[CheckMessage]:
    """Whoever lets a client in has logged in to a session of the site's."""
    if apps.is_installed("django.contrib.sessions"):
        return []
    return [
        Error(
            "mcp_transport.oauth needs the app 'django.contrib.sessions', which INSTALLED_APPS"
            " does not name.",
            hint=HINT,
            id="mcp.E055",
        )
    ]


@register()
def check_addresses(**_: Any) -> list[CheckMessage]:
    """Clients find the metadata at the root of the site, or not at all."""
    try:
        found = resolve(WELL_KNOWN).view_name
    except Resolver404:
        found = ""
    if found == "mcp_oauth:metadata":
        return []
    return [
        Error(
            f"mcp_transport.oauth is installed, and {WELL_KNOWN} is not its metadata: no client"
            " finds where to sign in.",
            hint='Add path("", include("mcp_transport.oauth.urls")) to the site\'s first URLs.',
            id="mcp.E056",
        )
    ]


@register()
def check_login(**_: Any) -> list[CheckMessage]:
    """Whoever is asked to let a client in logs in first."""
    at = login_url()
    if "://" in at or _is_page(at):
        return []
    return [
        CheckWarning(
            f"Nobody can log in to let a client in: LOGIN_URL leads to {at}, where no page is.",
            hint="Set LOGIN_URL to the site's page for logging in.",
            id="mcp.W055",
        )
    ]


def _is_page(path: str) -> bool:
    try:
        resolve(path.partition("?")[0])
    except Resolver404:
        return False
    return True
