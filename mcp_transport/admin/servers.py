"""Servers: the list, the form, and the pages of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.html import format_html

from mcp_transport.admin import server_pages
from mcp_transport.admin.clients import server_url
from mcp_transport.admin.entry_page import EntryPages
from mcp_transport.admin.pages import render_fragment, render_page
from mcp_transport.admin.parts import Confirmation, Link
from mcp_transport.admin.reversing import reverse
from mcp_transport.admin.server_form import ServerForm
from mcp_transport.admin.trying.pages import TryPages
from mcp_transport.audit.operators import operator_of, recorded
from mcp_transport.engine.announcing import announce, wait_for_reports
from mcp_transport.engine.offering import shelf_of
from mcp_transport.models import EntryOverride, Event, PublishedDefinition, Server, Session, Stream

# What goes with a server although nobody may delete it by itself.
DEPENDENTS = {
    str(model._meta.verbose_name)
    for model in (Session, Stream, Event, EntryOverride, PublishedDefinition)
}
FOLDER = "admin/mcp_transport/server"
MOST_LISTED = 20  # rows of a kind that go with a server, before it is deleted


@admin.register(Server)
class ServerAdmin(EntryPages, TryPages):
    """Which entries are offered under which URL, and to whom."""

    form = ServerForm
    change_form_template = f"{FOLDER}/change_form.html"
    add_form_template = f"{FOLDER}/change_form.html"
    list_display = ("page", "state", "access", "transports_in_words", "is_default", "updated_at")
    list_display_links = None
    list_filter = ("access", "is_enabled")
    search_fields = ("slug", "title", "description")
    readonly_fields = ("created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("slug", "title", "description", "instructions")}),
        ("What it offers", {"fields": ("offers",)}),
        (
            "Who may use it",
            {"fields": ("is_enabled", "is_default", "access", "permission", "allowed_origins")},
        ),
        ("How it is served", {"fields": ("revisions", "transports")}),
        (
            "Limits",
            {"fields": ("rate", "concurrency", "principal_rate", "principal_concurrency")},
        ),
        ("Times", {"fields": ("created_at", "updated_at")}),
    )

    @admin.display(description="server", ordering="slug")
    def page(self, server: Server) -> str:
        """The name, which leads to the server's page."""
        return format_html(
            '<a href="{}">{}</a> <code>{}</code>',
            reverse("admin:mcp_server", args=[server.pk]),
            server,
            server.slug,
        )

    @admin.display(description="state", ordering="is_enabled")
    def state(self, server: Server) -> str:
        """Whether it serves, as glyph and word."""
        return server_pages.state_of(server).__html__()

    @admin.display(description="ways in")
    def transports_in_words(self, server: Server) -> str:
        """By which transports clients may come."""
        return ", ".join(server.transports) or "every one"

    def page_urls(self) -> list[URLPattern]:
        """See ModelAdmin.page_urls()."""
        views = {
            "mcp_server": ("<int:pk>/", self.entries_view),
            "mcp_server_sessions": ("<int:pk>/sessions/", self.sessions_view),
            "mcp_server_traffic": ("<int:pk>/traffic/", self.traffic_view),
            "mcp_server_access": ("<int:pk>/access/", self.access_view),
            "mcp_server_connect": ("<int:pk>/connect/", self.connect_view),
            "mcp_server_switch": ("<int:pk>/switch/", self.switch_view),
            **self.entry_views(),
        }
        own = [path(at, self.guarded(view), name=name) for name, (at, view) in views.items()]
        return [*super().page_urls(), *own]

    def entries_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the server offers, as everybody or as one user."""
        server = self.found(request, pk)
        context = server_pages.entries(request, server, shelf_of(server))
        return self._tab(request, server, "entries", context)

    def sessions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Who is in conversation with the server, and what is called right now."""
        server = self.found(request, pk)
        live_url = reverse("admin:mcp_server_traffic", args=[pk])
        context = {"live_url": live_url, **server_pages.traffic(server)}
        return self._tab(request, server, "sessions", context)

    def traffic_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The live part of the sessions tab."""
        server = self.found(request, pk)
        return render_fragment(
            request,
            f"{FOLDER}/traffic.html",
            lambda: server_pages.traffic(server),
            version=server_pages.traffic_version(pk),
        )

    def access_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Who may use the server, in words, and with which tokens."""
        server = self.found(request, pk)
        return self._tab(request, server, "access", server_pages.access(request, server))

    def connect_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What to paste into clients."""
        server = self.found(request, pk)
        return self._tab(request, server, "connect", server_pages.connect(request, server))

    def switch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Turn the server off, once that is confirmed, or on again."""
        server = self.found(request, pk, to_change=True)
        home = reverse("admin:mcp_server", args=[pk])
        if request.method == "POST":
            self._switch(request, server)
            return HttpResponseRedirect(home)
        question, consequences, button = server_pages.switch_question(server)
        confirmation = Confirmation(
            question=question,
            consequences=consequences,
            button=button,
            cancel=Link("Leave it as it is", home),
        )
        return render_page(
            self, request, "admin/mcp_transport/confirm.html", {"confirmation": confirmation},
            title=button, crumbs=[self.crumb(), Link(str(server), home)],
        )  # fmt: skip

    def _switch(self, request: HttpRequest, server: Server) -> None:
        server.is_enabled = not server.is_enabled
        word = "on" if server.is_enabled else "off"
        with recorded(operator_of(request), f"turn {word}", server):
            server.save(update_fields=["is_enabled", "updated_at"])
        messages.success(request, f"{server} was turned {word}.")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the row, and ask the worker processes to say whom they tell."""
        super().save_model(request, obj, form, change)
        if change:
            request.mcp_announcement = announce(obj)  # type: ignore[attr-defined]  # for what follows

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Say who was told, when the change is committed."""
        announcement = getattr(request, "mcp_announcement", None)
        if announcement is not None:
            transaction.on_commit(
                lambda: messages.info(request, str(wait_for_reports(announcement)))
            )
        response = super().response_change(request, obj)
        return self._home(request, obj) or response

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to the new server's page."""
        response = super().response_add(request, obj, post_url_continue)
        return self._home(request, obj) or response

    def _home(self, request: HttpRequest, server: Server) -> HttpResponse | None:
        if {"_continue", "_addanother", "_popup"} & set(request.POST):
            return None
        return HttpResponseRedirect(reverse("admin:mcp_server", args=[server.pk]))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> Any:
        """Show the form as one of the server's tabs."""
        server = options.get("obj")
        if server is not None and server.pk:
            context["tabs"] = server_pages.tabs(server, "settings")
            context["server"] = server
        return super().render_change_form(request, context, *args, **options)

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        """Let a server be deleted although its sessions are read-only pages."""
        objects, counts, permissions_needed, protected = super().get_deleted_objects(
            list(objs), request
        )
        return _shortened(objects), counts, permissions_needed - DEPENDENTS, protected

    def found(self, request: HttpRequest, pk: int, *, to_change: bool = False) -> Server:
        """The server of a page, for who may see it, or change it. Raises PermissionDenied."""
        may = self.has_change_permission if to_change else self.has_view_permission
        if not may(request):
            with self._denials(request, "change", str(pk)):
                raise PermissionDenied
        return get_object_or_404(Server, pk=pk)

    def crumb(self) -> Link:
        """Where the list of servers is."""
        return Link("Servers", reverse("admin:mcp_transport_server_changelist"))

    def _tab(
        self, request: HttpRequest, server: Server, name: str, context: dict[str, Any]
    ) -> HttpResponse:
        """Answer with one of the server's tabs."""
        shell = {
            "server": server,
            "state": server_pages.state_of(server),
            "url": server_url(request, server.slug),
            "tabs": server_pages.tabs(server, name),
            "may_change": self.has_change_permission(request),
        }
        return render_page(
            self, request, f"{FOLDER}/{name}.html", shell | context,
            title=str(server), crumbs=[self.crumb()],
        )  # fmt: skip


def _shortened(rows: list[Any]) -> list[Any]:
    """What is to be deleted, not all of many; how many there are of each kind stands beside it."""
    kept = [_shortened(row) if isinstance(row, list) else row for row in rows[:MOST_LISTED]]
    left = sum(not isinstance(row, list) for row in rows[MOST_LISTED:])
    return [*kept, f"and {left:,} more"] if left else kept
