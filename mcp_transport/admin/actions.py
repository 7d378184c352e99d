"""The record of operators' actions, and whether the records are whole."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path

from mcp_transport.admin import action_pages
from mcp_transport.admin.action_pages import ActionForm
from mcp_transport.admin.base import ReadOnlyAdmin
from mcp_transport.admin.exporting import export
from mcp_transport.admin.pages import render_page
from mcp_transport.admin.parts import Link
from mcp_transport.admin.policy import View
from mcp_transport.admin.reversing import reverse
from mcp_transport.audit.verification import verify, verify_all
from mcp_transport.models import OperatorAction

FOLDER = "admin/mcp_transport/record"
EVERY = "*"
COLUMNS = tuple(field.attname for field in OperatorAction._meta.concrete_fields)


@admin.register(OperatorAction)
class OperatorActionAdmin(ReadOnlyAdmin):
    """What operators did, and what they were not allowed to; nobody changes it."""

    def page_urls(self) -> list[URLPattern]:
        """See ModelAdmin.page_urls()."""
        views: dict[str, tuple[str, View]] = {
            "mcp_actions_export": ("export.<str:form>", self.export_view),
            "mcp_chains": ("chains/", self.chains_view),
        }
        return [path(at, self.guarded(view), name=name) for name, (at, view) in views.items()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the actions that are asked for."""
        self.require_view(request)
        context = action_pages.action_list(request)
        return render_page(self, request, f"{FOLDER}/actions.html", context, title="Audit")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one action."""
        self.require_view(request)
        action = self.row(object_id)
        context = action_pages.action_page(action)
        return render_page(
            self, request, f"{FOLDER}/action.html", context, title=str(action), crumbs=[_crumb()]
        )

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """Send every action that the filter leaves; that is recorded, too."""
        self.require_view(request)
        chosen = ActionForm(request.GET)
        return export(request, form, chosen, OperatorAction, COLUMNS, name="actions")

    def chains_view(self, request: HttpRequest) -> HttpResponse:
        """Show how far checkpoints vouch for the records, or look at every row of one, or all."""
        self.require_view(request)
        chain, reports = request.GET.get("chain", ""), None
        if chain:
            reports = list(verify_all()) if chain == EVERY else [verify(chain)]
        context = action_pages.chains(request, reports)
        return render_page(
            self, request, f"{FOLDER}/chains.html", context, title="Is the record whole?",
            crumbs=[_crumb()],
        )  # fmt: skip


def _crumb() -> Link:
    return Link("Audit", reverse("admin:mcp_transport_operatoraction_changelist"))
