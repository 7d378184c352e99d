"""Connected applications: who let which client in, to which server, and the way to turn it out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone

from mcp_transport.admin.addresses import server_page
from mcp_transport.admin.base import USERNAME, RecordedAdmin
from mcp_transport.admin.filter_form import FilterForm
from mcp_transport.admin.keyset import keyset_page
from mcp_transport.admin.pages import render_page
from mcp_transport.admin.parts import Confirmation, Empty, Link, Moment, Pager, Status
from mcp_transport.admin.reversing import reverse
from mcp_transport.audit.operators import Subject, operator_of, record_action
from mcp_transport.oauth.models import Connection, Registration
from mcp_transport.oauth.redirects import place
from mcp_transport.oauth.scopes import in_words

FOLDER = "admin/mcp_transport/connection"
SOURCES = {"dcr": "registered itself", "cimd": "known by its document"}


class ConnectionFilter(FilterForm):
    """What connections are chosen by."""

    q = forms.CharField(label="Application or user", required=False, widget=forms.SearchInput)
    state = forms.ChoiceField(
        required=False, choices=[("", "all"), ("live", "let in"), ("ended", "ended")]
    )

    def chosen(self) -> QuerySet[Connection]:
        """Return the connections that fit."""
        rows = Connection.objects.exclude(redeemed_at=None)
        live = Q(revoked_at=None, refresh_expires_at__gt=timezone.now())
        by_state = {"live": live, "ended": ~live}
        rows = rows.filter(by_state.get(self.said("state"), Q()))
        if text := self.said("q"):
            by_user = Q(**{f"user__{USERNAME}__icontains": text})
            rows = rows.filter(
                by_user | Q(client__name__icontains=text) | Q(client__client_id=text)
            )
        return rows


@admin.register(Connection)
class ConnectionAdmin(RecordedAdmin):
    """The clients that users let in by signing in."""

    change_list_template = f"{FOLDER}/list.html"
    actions = ("revoke_connections", "forget_ended")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only users let clients in."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What has ended is forgotten; what has not is ended first."""
        return False

    @admin.action(description="Turn out selected applications", permissions=["change"])
    def revoke_connections(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Let the selected clients in no more."""
        rows = Connection.objects.filter(pk__in=queryset, revoked_at=None)
        self.record_each(
            request, "revoke", [(row, {}) for row in rows.select_related("client", "user")]
        )
        count = Connection.objects.filter(pk__in=queryset).revoke(Connection.Reason.OPERATOR)
        self.message_user(request, f"{count} application(s) turned out.", messages.SUCCESS)

    @admin.action(description="Forget those that have ended", permissions=["change"])
    def forget_ended(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete every connection that has ended."""
        count = Connection.objects.forget_ended()
        subject = Subject(kind="connection", name=f"{count} that had ended")
        record_action(operator_of(request), "forget", subject)
        Registration.objects.sweep()
        self.message_user(request, f"{count} that had ended are forgotten.", messages.SUCCESS)

    def page_urls(self) -> list[URLPattern]:
        """See ModelAdmin.page_urls()."""
        views = {
            "mcp_connection": ("<int:pk>/", self.connection_view),
            "mcp_connection_revoke": ("<int:pk>/revoke/", self.revoke_view),
        }
        return [path(at, self.guarded(view), name=name) for name, (at, view) in views.items()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; what is chosen of it is done by the stock view."""
        if request.method == "POST":
            return super().changelist_view(request, extra_context)
        self.require_view(request)
        form = ConnectionFilter(request.GET)
        rows = form.chosen().select_related("user", "client", "server")
        page = keyset_page(rows, request.GET, order=("-id",))
        context = {
            "lines": [line(row) for row in page.rows],
            "pager": Pager(newer=page.newer, older=page.older),
            "form": form,
            "empty": Empty(title="Nothing fits", links=[Link("Clear", "?")])
            if form.is_set
            else Empty(title="No applications", text="No user has let a client in by signing in."),
            "may_change": self.has_change_permission(request),
        }
        return render_page(
            self, request, f"{FOLDER}/list.html", context, title="Connected applications"
        )

    def change_view(self, request: HttpRequest, object_id: str, *_: Any, **__: Any) -> HttpResponse:
        """Nobody changes a connection: lead to its page."""
        key = object_id if object_id.isascii() and object_id.isdigit() else "0"
        return HttpResponseRedirect(reverse("admin:mcp_connection", args=[key]))

    def connection_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One connection: who, what, where, until when."""
        row = self._found(request, pk)
        context = {
            **line(row),
            "scopes": [in_words(scope) for scope in row.scopes],
            "place": place(row.redirect_uri),
            "server": Link(str(row.server), server_page(request, row.server_id)),
            "source": SOURCES.get(row.client.registration_source, "registered by an operator"),
            "others": self._others(row),
            "may_change": self.has_change_permission(request),
        }
        return self._page(request, f"{FOLDER}/connection.html", context, title=str(row))

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Turn the client out, for this user or for all, once that is confirmed."""
        row = self._found(request, pk, to_change=True)
        home = reverse("admin:mcp_connection", args=[pk])
        is_for_all = "all" in request.GET
        rows = Connection.objects.filter(revoked_at=None)
        rows = rows.filter(client=row.client_id) if is_for_all else rows.filter(pk=pk)
        if request.method == "POST":
            with transaction.atomic():
                ended = list(rows.select_related("client", "user"))
                self.record_each(request, "revoke", [(one, {}) for one in ended])
                rows.revoke(Connection.Reason.OPERATOR)
            messages.success(request, f"{len(ended)} turned out, with sessions and streams.")
            return HttpResponseRedirect(home)
        whom = "every user" if is_for_all else row.user
        confirmation = Confirmation(
            question=f"Turn {row.client} out, for {whom}?",
            consequences=[
                "Its tokens are refused from then on, in every worker process.",
                "Its sessions, WebSockets and streams end.",
                "It can ask again; only a user can let it in.",
            ],
            button="Turn it out",
            cancel=Link("Keep it", home),
        )
        context = {"confirmation": confirmation}
        return self._page(
            request, "admin/mcp_transport/confirm.html", context, title=f"Turn out {row.client}"
        )

    def _others(self, row: Connection) -> int:
        same = Connection.objects.live().filter(client=row.client_id)
        return same.exclude(pk=row.pk).count()

    def _found(self, request: HttpRequest, pk: int, *, to_change: bool = False) -> Connection:
        may = self.has_change_permission if to_change else self.has_view_permission
        if not may(request):
            with self._denials(request, "revoke", str(pk)):
                raise PermissionDenied
        rows = Connection.objects.select_related("user", "client", "server")
        return get_object_or_404(rows, pk=pk)

    def _page(
        self, request: HttpRequest, template: str, context: dict[str, Any], *, title: str
    ) -> HttpResponse:
        at = reverse("admin:mcp_oauth_connection_changelist")
        crumbs = [Link("Connected applications", at)]
        return render_page(self, request, template, context, title=title, crumbs=crumbs)


def line(row: Connection) -> dict[str, Any]:
    """One connection, as its list and its page say it."""
    return {
        "row": row,
        "href": reverse("admin:mcp_connection", args=[row.pk]),
        "scopes": ", ".join(row.scopes),
        "state": state(row),
        "is_live": row.is_live,
        "let_in": Moment(row.created_at),
        "last_used": Moment(row.last_used_at),
    }


def state(row: Connection) -> Status:
    """Whether the client can get in."""
    if row.revoked_at is not None:
        return Status("denied", f"turned out {row.get_revoked_because_display()}")
    if not row.is_live:
        return Status("off", "not used for too long")
    return Status("ok", "let in") if row.user.is_active else Status("off", "user inactive")
