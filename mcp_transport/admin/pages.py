"""
How a page of the control plane is made, and its live parts.

A page's whole state is its query string. It is rendered by the server, once
for the page and once more for each live part, from the same templates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from mcp_transport.admin.base import ModelAdmin, ReadOnlyAdmin
from mcp_transport.admin.parts import Link
from mcp_transport.admin.reversing import reverse

Context = dict[str, Any]


def render_page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    template_name: str,
    context: Context,
    *,
    title: str,
    crumbs: Sequence[Link] = (),
) -> TemplateResponse:
    """
    Answer with a page; its template extends ``admin/mcp_transport/page.html``.

    ``crumbs`` stand between the section and the page's own title.
    """
    site = model_admin.admin_site
    shell = {
        **site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "crumbs": crumbs,
    }
    return TemplateResponse(request, template_name, shell | context)


def version_of(text: str) -> str:
    """The entity tag of a live part, by what it says."""
    return f'"{blake2b(text.strip().encode(), digest_size=12).hexdigest()}"'


def render_fragment(
    request: HttpRequest,
    template_name: str,
    context: Callable[[], Context],
    *,
    version: str = "",
) -> HttpResponse:
    """
    Answer with a live part, or with 304 when the reader has it already.

    With a ``version`` that is known beforehand (at most one query), the
    context is not even asked for then.
    """
    # Weak: made of what is told, not of the bytes that tell it.
    tag = f'W/"{version}"' if version else ""
    shown = request.headers.get("If-None-Match", "")
    if tag and tag == shown:
        return _answer(HttpResponseNotModified(), tag)
    text = render_to_string(template_name, context(), request).strip()
    tag = tag or version_of(text)
    return _answer(HttpResponseNotModified() if tag == shown else HttpResponse(text), tag)


def _answer(response: HttpResponse, tag: str) -> HttpResponse:
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    return response


class Page(ReadOnlyAdmin):
    """
    The page of a placeholder model: it stands in the sidebar, its model has no rows.

    A subclass names its templates and says what is in them; whoever has the
    ``view`` permission of the model sees it.
    """

    template_name: ClassVar[str]
    #: The templates of the live parts, by name.
    fragments: ClassVar[Mapping[str, str]] = {}

    def page_title(self, request: HttpRequest) -> str:
        """Return what stands above the page."""
        return str(self.opts.verbose_name_plural).capitalize()

    def page_context(self, request: HttpRequest) -> Context:
        """Return what the page's template needs, its live parts included."""
        raise NotImplementedError

    def fragment_context(self, request: HttpRequest, name: str) -> Context:
        """Return what the template of one live part needs."""
        return self.page_context(request)

    def fragment_version(self, request: HttpRequest, name: str) -> str:
        """Return what changes when the part does, if that costs less than the part."""
        return ""

    def page_urls(self) -> list[URLPattern]:
        """Return the addresses of the live parts."""
        view = self.guarded(self.live_view)
        return [path("live/<slug:name>/", view, name=f"mcp_{self.opts.model_name}_live")]

    def live_urls(self, request: HttpRequest) -> dict[str, str]:
        """Return the address of each live part, in the state of this page."""
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        name = f"{self.admin_site.name}:mcp_{self.opts.model_name}_live"
        return {part: reverse(name, args=[part]) + query for part in self.fragments}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show the page in the place of a list of rows."""
        self.require_view(request)
        context = {**self.page_context(request), "live": self.live_urls(request)}
        return render_page(
            self, request, self.template_name, context, title=self.page_title(request)
        )

    def live_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show one live part."""
        self.require_view(request)
        if name not in self.fragments:
            raise Http404(f"The page has no part {name!r}.")
        return render_fragment(
            request,
            self.fragments[name],
            lambda: self.fragment_context(request, name),
            version=self.fragment_version(request, name),
        )
