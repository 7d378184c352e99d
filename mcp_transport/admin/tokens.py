"""Tokens: issued here, and revoked."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from mcp_transport.admin.base import USERNAME, RecordedAdmin
from mcp_transport.conf import settings
from mcp_transport.models import Server, Token
from mcp_transport.models.token import default_expiry


@admin.register(Token)
class TokenAdmin(RecordedAdmin):
    """
    The credentials of clients.

    A value is shown in the answer to the form that makes it, and nowhere else:
    a message would pass through a cookie or the session table.
    """

    list_display = (
        "name",
        "hint",
        "owner",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
        "usable",
    )
    list_filter = ("servers", "revoked_at")
    list_select_related = ("owner",)
    search_fields = ("name", "hint", f"owner__{USERNAME}")
    raw_id_fields = ("owner",)
    filter_horizontal = ("servers",)
    readonly_fields = ("hint", "created_at", "last_used_at", "revoked_at")
    fields = ("name", "owner", "servers", "scopes", "expires_at", *readonly_fields)
    actions = ("revoke_tokens",)

    @admin.display(boolean=True, description="usable")
    def usable(self, token: Token) -> bool:
        """Whether the token itself is accepted now."""
        return token.is_usable

    @admin.action(description="Revoke selected tokens", permissions=["change"])
    def revoke_tokens(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Refuse the selected tokens from now on."""
        tokens = Token.objects.filter(pk__in=queryset, revoked_at=None)
        self.record_each(request, "revoke", [(token, {}) for token in tokens])
        count = Token.objects.filter(pk__in=queryset).revoke()
        self.message_user(request, f"{count} token(s) revoked.", messages.SUCCESS)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose the expiry of the site's settings and the reader as owner."""
        proposed = {"expires_at": default_expiry(), "owner": request.user.pk}
        return proposed | super().get_changeform_initial_data(request)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Give a new token its value."""
        if not change:
            obj.issued_value = obj.renew()
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the value, once."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Token issued",
            "opts": self.opts,
            "token": obj,
            "value": obj.issued_value,
            "configurations": client_configurations(request, obj, obj.issued_value),
        }
        return TemplateResponse(request, "admin/mcp_transport/token/issued.html", context)


def client_configurations(request: HttpRequest, token: Token, value: str) -> list[str]:
    """What to paste into a client's ``mcpServers``, for each server the token is for."""
    servers = token.servers.all() or Server.objects.filter(is_enabled=True)
    return [
        json.dumps({server.slug: client_configuration(request, server.slug, value)}, indent=2)
        for server in servers[:5]
    ]


def client_configuration(request: HttpRequest, slug: str, value: str) -> dict[str, Any]:
    """One member of a client's ``mcpServers``."""
    url = request.build_absolute_uri(f"{settings.MCP_PATH}/{slug}")
    return {"type": "http", "url": url, "headers": {"Authorization": f"Bearer {value}"}}
