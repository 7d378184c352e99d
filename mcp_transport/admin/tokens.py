"""Tokens: issued here, rotated, and revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.debug import sensitive_variables

from mcp_transport.admin import token_pages
from mcp_transport.admin.base import USERNAME, RecordedAdmin
from mcp_transport.admin.pages import render_page
from mcp_transport.admin.parts import Confirmation, Link
from mcp_transport.admin.reversing import reverse
from mcp_transport.admin.token_form import RotationForm, TokenForm
from mcp_transport.audit.operators import operator_of, record_action, recorded
from mcp_transport.auth.permissions import TOO_MUCH, may_issue_for
from mcp_transport.models import Token

FOLDER = "admin/mcp_transport/token"


@admin.register(Token)
class TokenAdmin(RecordedAdmin):
    """
    The credentials of clients.

    A value is shown in the answer to the form that makes it, and nowhere else:
    a message would pass through a cookie or the session table.
    """

    form = TokenForm
    change_form_template = add_form_template = f"{FOLDER}/change_form.html"
    change_list_template = f"{FOLDER}/list.html"
    search_fields = ("name", "hint", f"owner__{USERNAME}")
    fields = ("name", "owner", "servers", "broad", "tools", "days", "never_expires")
    actions = ("revoke_tokens",)

    @admin.action(description="Revoke selected tokens", permissions=["change"])
    def revoke_tokens(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Refuse the selected tokens from now on."""
        tokens = Token.objects.filter(pk__in=queryset, revoked_at=None)
        self.record_each(request, "revoke", [(token, {}) for token in tokens])
        ended = token_pages.open_sessions(list(tokens.values_list("pk", flat=True)))
        count = Token.objects.filter(pk__in=queryset).revoke()
        said = f"{count} token(s) revoked, {ended} live session(s) ended."
        self.message_user(request, said, messages.SUCCESS)

    def page_urls(self) -> list[URLPattern]:
        """See ModelAdmin.page_urls()."""
        views = {
            "mcp_token": ("<int:pk>/", self.token_view),
            "mcp_token_rotate": ("<int:pk>/rotate/", self.rotate_view),
            "mcp_token_revoke": ("<int:pk>/revoke/", self.revoke_view),
        }
        return [path(at, self.guarded(view), name=name) for name, (at, view) in views.items()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; what is chosen of it is done by the stock view."""
        if request.method == "POST":
            return super().changelist_view(request, extra_context)
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        context = {
            **token_pages.token_list(request),
            "may_add": self.has_add_permission(request),
            "may_change": self.has_change_permission(request),
        }
        return render_page(self, request, f"{FOLDER}/list.html", context, title="Tokens")

    def token_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One token: its state, what it reaches and who uses it."""
        token = self._found(request, pk)
        context = {
            **token_pages.token_context(token),
            "may_change": self.has_change_permission(request),
        }
        return self._page(request, "token.html", context, title=token.name)

    @sensitive_variables("value")
    def rotate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give the token's clients a new value, and the old one some time."""
        token = self._found(request, pk, to_change=True)
        if not may_issue_for(request.user, token.owner):
            with self._denials(request, "rotate", str(pk)):
                raise PermissionDenied(TOO_MUCH)
        form = RotationForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and not token.is_usable:
            form.add_error(None, "This token is not accepted any more; issue another.")
        if request.method != "POST" or not form.is_valid():
            context = {"token": token, "form": form}
            return self._page(request, "rotate.html", context, title=f"Rotate {token.name}")
        overlap = timedelta(seconds=form.cleaned_data["overlap"])
        with recorded(operator_of(request), "rotate", token):
            successor, value = token.rotate(overlap=overlap)
            if not overlap:
                Token.objects.filter(pk=token.pk).revoke()
                token.refresh_from_db()
        return self._issued(request, successor, value, before=token)

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Refuse the token from now on, once that is confirmed."""
        token = self._found(request, pk, to_change=True)
        home = reverse("admin:mcp_token", args=[pk])
        ended = token_pages.open_sessions([pk])
        if request.method == "POST":
            with transaction.atomic():
                if Token.objects.filter(pk=pk).revoke():
                    record_action(operator_of(request), "revoke", token)
            sessions = f"{ended} live session{'' if ended == 1 else 's'}"
            messages.success(request, f"{token.name} was revoked, and {sessions} ended with it.")
            return HttpResponseRedirect(home)
        confirmation = Confirmation(
            question=f"Revoke {token.name}, which is {token.owner}'s?",
            consequences=[
                f"It ends {ended} live session{'' if ended == 1 else 's'},"
                " with their WebSockets and streams in every worker process.",
                "Its clients are refused from then on.",
                "This cannot be taken back.",
            ],
            button="Revoke the token",
            cancel=Link("Keep it", home),
        )
        context = {"confirmation": confirmation}
        return self._page(request, "../confirm.html", context, title=f"Revoke {token.name}")

    def get_form(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Give the form who issues."""
        form: Any = super().get_form(request, *args, **options)  # a class made for this request
        form.issuer = request.user
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose the reader as owner."""
        proposed = {"owner": request.user.get_username()}
        return proposed | super().get_changeform_initial_data(request)

    @sensitive_variables("value")
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Give a new token its value."""
        if not change:
            obj.issued_value = obj.renew()
        super().save_model(request, obj, form, change)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> Any:
        """Show what the token would reach, when that was asked for."""
        form = context["adminform"].form
        if getattr(form, "is_reviewed", False):
            context["reach"] = token_pages.reach_table(form.instance, form.cleaned_data["servers"])
        context["is_new"] = options.get("add", False)
        return super().render_change_form(request, context, *args, **options)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the value, once."""
        return self._issued(request, obj, obj.issued_value)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Go to the token's page."""
        super().response_change(request, obj)
        return HttpResponseRedirect(reverse("admin:mcp_token", args=[obj.pk]))

    @sensitive_variables("value")
    def _issued(
        self, request: HttpRequest, token: Token, value: str, *, before: Token | None = None
    ) -> HttpResponse:
        context = token_pages.issued(request, token, value)
        response = self._page(
            request, "issued.html", {**context, "before": before}, title="Token issued"
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def _found(self, request: HttpRequest, pk: int, *, to_change: bool = False) -> Token:
        may = self.has_change_permission if to_change else self.has_view_permission
        if not may(request):
            with self._denials(request, "change", str(pk)):
                raise PermissionDenied
        rows = Token.objects.select_related("owner", "successor").prefetch_related("servers")
        return get_object_or_404(rows, pk=pk)

    def _page(
        self, request: HttpRequest, template: str, context: dict[str, Any], *, title: str
    ) -> TemplateResponse:
        crumbs = [Link("Tokens", reverse("admin:mcp_transport_token_changelist"))]
        name = template.removeprefix("../")
        at = f"{FOLDER}/{name}" if name == template else f"admin/mcp_transport/{name}"
        return render_page(self, request, at, context, title=title, crumbs=crumbs)
