"""Identities: which account of another authorization server is which user."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from mcp_transport.admin.base import USERNAME, ModelForm, RecordedAdmin
from mcp_transport.auth.permissions import TOO_MUCH, may_issue_for
from mcp_transport.conf import settings
from mcp_transport.models import Identity


class IdentityForm(ModelForm):
    """An account and the user that it is to be."""

    linker: ClassVar[Any] = None  # whose rights bound those of the user

    user = forms.CharField(help_text="The user that the account is to be, by name.")

    class Meta:
        model = Identity
        fields = ("issuer", "subject", "user")

    def clean_issuer(self) -> str:
        """Refuse an issuer whose tokens are not taken: it was probably mistyped."""
        issuer: str = self.cleaned_data["issuer"]
        if issuer not in settings.MCP_ISSUERS:
            raise ValidationError("MCP_ISSUERS does not name this issuer.", code="unknown")
        return issuer

    def clean_user(self) -> Any:
        """Find the user, and refuse to give out more than the operator has."""
        rows = get_user_model()._default_manager
        user = rows.filter(**{USERNAME: self.cleaned_data["user"]}).first()
        if user is None:
            raise ValidationError("There is no such user.", code="unknown")
        if self.linker is not None and not may_issue_for(self.linker, user):
            raise ValidationError(TOO_MUCH, code="forbidden")
        return user


@admin.register(Identity)
class IdentityAdmin(RecordedAdmin):
    """Who signs in elsewhere. A link is made and taken back; another is another row."""

    form = IdentityForm
    list_display = ("subject", "issuer", "user", "created_at")
    list_filter = ("issuer",)
    list_select_related = ("user",)
    search_fields = ("subject", f"user__{USERNAME}")
    fields = ("issuer", "subject", "user")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody makes one account's user another's."""
        return False

    def get_form(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Give the form who links."""
        form: Any = super().get_form(request, *args, **options)  # a class made for this request
        form.linker = request.user
        return form
