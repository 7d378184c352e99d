"""The record of calls: looked through, read one by one, and taken away."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path

from mcp_transport.admin import call_pages
from mcp_transport.admin.base import ReadOnlyAdmin
from mcp_transport.admin.call_form import CallForm
from mcp_transport.admin.exporting import export
from mcp_transport.admin.pages import render_page
from mcp_transport.admin.parts import Link
from mcp_transport.admin.reversing import reverse
from mcp_transport.audit.export import COLUMNS_OF_CALL
from mcp_transport.models import Call

FOLDER = "admin/mcp_transport/record"


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
    """What was asked of the site's servers; nobody changes it."""

    def page_urls(self) -> list[URLPattern]:
        """See ModelAdmin.page_urls()."""
        view = self.guarded(self.export_view)
        return [path("export.<str:form>", view, name="mcp_calls_export")]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the calls that are asked for."""
        self.require_view(request)
        context = call_pages.call_list(request)
        return render_page(self, request, f"{FOLDER}/calls.html", context, title="Calls")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one call."""
        self.require_view(request)
        call = self.row(object_id)
        crumbs = [Link("Calls", reverse("admin:mcp_transport_call_changelist"))]
        context = call_pages.call_page(request, call)
        return render_page(
            self, request, f"{FOLDER}/call.html", context, title=str(call), crumbs=crumbs
        )

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """Send every call that the filter leaves; that is recorded, too."""
        self.require_view(request)
        chosen = CallForm(request.GET, ())
        return export(request, form, chosen, Call, COLUMNS_OF_CALL, name="calls")
