"""
The addresses of pages on the admin site that is being looked at.

A project may have several, each under an address of its own. Lists and parts
of pages are made where no request is at hand, so the site is noted for each
request before its view begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any

from django import urls
from django.http import HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch

# Never reset: a page is rendered after its view, and every page notes its own site first.
_site: ContextVar[str | None] = ContextVar("mcp_admin_site", default=None)


def on_site(view: Callable[..., HttpResponseBase], name: str) -> Callable[..., HttpResponseBase]:
    """Let all links of the view's page lead to pages of the site with this name."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.current_app = name  # which {% url %} goes by
        _site.set(name)
        return view(request, *args, **kwargs)

    return answer


def reverse(name: str, *, args: Sequence[object] = ()) -> str:
    """The address of a page; on the usual site where the one looked at has no such page."""
    try:
        return urls.reverse(name, args=args, current_app=_site.get())
    except NoReverseMatch:
        return urls.reverse(name, args=args)
