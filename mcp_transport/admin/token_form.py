"""The form of a token: whose it is, what it is good for, and until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils import timezone

from mcp_transport.admin.base import USERNAME, ModelForm
from mcp_transport.auth.permissions import TOO_MUCH, may_issue_for
from mcp_transport.conf import settings
from mcp_transport.models import Token
from mcp_transport.models.token import OPERATOR_SCOPE, TOOL_SCOPE

REVIEW = "_review"  # the button that shows what a token would reach, and saves nothing
DEFAULT_DAYS = 90
MOST_DAYS = 3650
SCOPES = (
    ("Read", (("tools:read", "Tools that only read"), ("resources", "Every resource"))),
    ("Write", (("tools", "Every tool, also those that write or destroy"),)),
    ("Other", (("prompts", "Every prompt"), (OPERATOR_SCOPE, "The operators' API of this site"))),
)
WORDS = {key: label for _group, scopes in SCOPES for key, label in scopes}


def in_words(scopes: list[str]) -> str:
    """What a token is good for, as a person reads it."""
    said = [
        f"the tool {scope.removeprefix(TOOL_SCOPE)}"
        if scope.startswith(TOOL_SCOPE)
        else WORDS.get(scope, scope).lower()
        for scope in scopes
    ]
    return ", ".join(said) or "everything its owner may use"


class Checkboxes(forms.CheckboxSelectMultiple):
    """Boxes that name their help text as it is called, where Django's name one that is not there."""

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        """The field's own, from which its form makes the help text's."""
        return id_ if index is None else super().id_for_label(id_, index)


class TokenForm(ModelForm):
    """A token without hand-written JSON; what it reaches is shown before it is made."""

    issuer: ClassVar[Any] = None  # whose rights bound those of the owner

    owner = forms.CharField(help_text="The user whose rights it carries, by name.")
    broad = forms.MultipleChoiceField(
        label="Good for",
        choices=SCOPES,
        required=False,
        widget=Checkboxes,
        help_text="Nothing ticked and no tool named: everything its owner may use.",
    )
    tools = forms.CharField(
        label="Single tools",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="Names of tools, one a line.",
    )
    days = forms.IntegerField(
        label="Days until it expires", required=False, min_value=1, max_value=MOST_DAYS
    )
    never_expires = forms.BooleanField(required=False, label="It never expires")

    class Meta:
        model = Token
        fields = ("name", "servers")
        widgets = {"servers": Checkboxes}
        help_texts = {"servers": "Nothing ticked: every server that its owner may use."}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        token = self.instance
        single = [s.removeprefix(TOOL_SCOPE) for s in token.scopes if s.startswith(TOOL_SCOPE)]
        self.initial.setdefault("tools", "\n".join(single))
        self.initial.setdefault("broad", [scope for scope in token.scopes if scope in WORDS])
        if token.pk is None:
            days = settings.MCP_TOKEN_LIFETIME_DAYS
            self.initial.setdefault("days", days or DEFAULT_DAYS)
            return
        self.initial["owner"] = token.owner.get_username()
        if "owner" in self.fields:
            self.fields["owner"].disabled = True
        self.initial["never_expires"] = token.expires_at is None
        if "days" in self.fields:
            self.fields["days"].help_text = "From now on; empty leaves it as it is."

    @property
    def is_reviewed(self) -> bool:
        """Whether what the token would reach is asked for, and can be said."""
        return REVIEW in self.data and not self.errors

    def is_valid(self) -> bool:
        """Whether the token is to be saved; a review saves nothing."""
        return super().is_valid() and REVIEW not in self.data

    def clean_owner(self) -> Any:
        """Find the user, and refuse to give out more than the operator has."""
        rows = get_user_model()._default_manager
        owner = rows.filter(**{USERNAME: self.cleaned_data["owner"]}).first()
        if owner is None:
            raise ValidationError("There is no such user.", code="unknown")
        if self.issuer is not None and not may_issue_for(self.issuer, owner):
            raise ValidationError(TOO_MUCH, code="forbidden")
        return owner

    def clean(self) -> dict[str, Any]:
        """Put together what the row keeps."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        tools = dict.fromkeys(cleaned.get("tools", "").split())
        single = [f"{TOOL_SCOPE}{name}" for name in tools]
        self.instance.scopes = [*cleaned.get("broad", []), *single]
        self.instance.owner = cleaned["owner"]
        self._set_expiry(cleaned)
        return cleaned

    def _set_expiry(self, cleaned: dict[str, Any]) -> None:
        days = cleaned.get("days")
        if cleaned.get("never_expires"):
            self.instance.expires_at = None
        elif days:
            self.instance.expires_at = timezone.now() + timedelta(days=days)
        elif self.instance.pk is None or self.instance.expires_at is None:
            self.add_error("days", "Say for how many days it is good, or that it never expires.")


class RotationForm(forms.Form):
    """For how long the old value is accepted beside the new one."""

    overlap = forms.TypedChoiceField(
        label="The old one is accepted",
        coerce=int,
        initial=86_400,
        choices=(
            (0, "no longer"),
            (3600, "for an hour"),
            (86_400, "for a day"),
            (604_800, "for a week"),
        ),
    )
