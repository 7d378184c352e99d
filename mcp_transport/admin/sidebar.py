"""The order of the MCP pages in the admin's sidebar: what is looked at first comes first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from mcp_transport.admin.policy import View

APP_LABEL = "mcp_transport"
#: Names of models; whatever is not named follows in the order that it had.
FIRST = ("Overview", "Server", "Call", "Session", "Token", "OperatorAction")


def in_order(apps: Sequence[dict[str, Any]]) -> None:
    """Sort the models of the MCP section of an admin's list of apps, in place."""
    for app in apps:
        if app["app_label"] == APP_LABEL:
            app["models"].sort(key=_rank)


def _rank(model: dict[str, Any]) -> int:
    name = model["object_name"]
    return FIRST.index(name) if name in FIRST else len(FIRST)


def arranged(view: View) -> View:
    """Put the sidebar of the view's page in order before the page is rendered."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.context_data:
            in_order(response.context_data.get("available_apps") or [])
        return response

    return answer


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
