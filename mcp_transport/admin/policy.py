"""What holds for every MCP page of the admin: what a browser may run, and the sidebar's order."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from mcp_transport.comparable import is_comparable
from mcp_transport.conf import settings
from mcp_transport.page_policy import page_policy
from mcp_transport.sidebar import in_order

View = Callable[..., HttpResponseBase]


def strict(view: View) -> View:
    """Send the policy with whatever the view answers."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if settings.MCP_ADMIN_STRICT_CSP:
            response.headers["Content-Security-Policy"] = page_policy()
        return response

    return answer


def readable(view: View) -> View:
    """Refuse a character that no database can look for; no browser sends it by itself."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        said = (*request.GET.lists(), *request.POST.lists(), ("", [request.path_info]))
        if not all(is_comparable(value) for _name, values in said for value in values):
            raise BadRequest("The request holds a character of nothing, U+0000.")
        return view(request, *args, **kwargs)

    return answer


def arranged(view: View) -> View:
    """Put the sidebar of the view's page in order before the page is rendered."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.context_data:
            in_order(response.context_data.get("available_apps") or [])
        return response

    return answer
