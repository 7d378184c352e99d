"""What a browser may load and run on the admin's MCP pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from mcp_transport.conf import settings

View = Callable[..., HttpResponse]

#: Nothing inline, nothing from elsewhere, no frame around it.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def strict(view: View) -> View:
    """Send the policy with whatever the view answers."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if settings.MCP_ADMIN_STRICT_CSP:
            response.headers["Content-Security-Policy"] = POLICY
        return response

    return answer
