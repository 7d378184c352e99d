"""
The order of the MCP pages in the admin's sidebar: what is looked at first comes first.

Stands outside the admin package, which needs the site that is made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest

APP_LABEL = "mcp_transport"
#: Names of models; whatever is not named follows in the order that it had.
FIRST = ("Overview", "Server", "Call", "Session", "Task", "Token", "OperatorAction")


def in_order(apps: Sequence[dict[str, Any]]) -> None:
    """Sort the models of the MCP section of an admin's list of apps, in place."""
    for app in apps:
        if app["app_label"] == APP_LABEL:
            app["models"].sort(key=_rank)


def _rank(model: dict[str, Any]) -> int:
    name = model["object_name"]
    return FIRST.index(name) if name in FIRST else len(FIRST)


class OrderedSite(AdminSite):
    """
    An admin site with the MCP pages in their order on every page.

    With any other site the order holds on the MCP pages themselves, and the
    alphabet elsewhere.
    """

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """See AdminSite.get_app_list()."""
        apps = super().get_app_list(request, app_label)
        in_order(apps)
        return apps
