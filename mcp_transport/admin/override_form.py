"""What one server changes about one entry, as a form of a single row."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from mcp_transport.admin.base import ModelForm
from mcp_transport.engine.catalog import Offered, own_name
from mcp_transport.engine.offering import Shelf
from mcp_transport.models import EntryOverride
from mcp_transport.models.server import RENAMED

READ_ONLY = (("", "as the entry says"), ("true", "yes, it only reads"), ("false", "no, it writes"))


class OverrideForm(ModelForm):
    """One entry on one server; an empty field keeps what the entry says."""

    is_enabled = forms.BooleanField(label="On: clients find and may use it", required=False)
    is_read_only = forms.TypedChoiceField(
        label="Read-only",
        required=False,
        choices=READ_ONLY,
        coerce=lambda value: value == "true",
        empty_value=None,
    )

    class Meta:
        model = EntryOverride
        fields = (
            "is_enabled",
            "new_name",
            "title",
            "description",
            "permission",
            "is_read_only",
            "rate",
            "concurrency",
        )
        labels = {"new_name": "Another name", "permission": "Requires the permission"}
        help_texts = {"permission": "As app_label.codename; who lacks it does not find the entry."}

    def __init__(self, entry: Offered, shelf: Shelf, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._entry, self._shelf = entry, shelf
        said = entry.definition
        if entry.kind not in RENAMED:
            del self.fields["new_name"]
        else:
            self.fields["new_name"].widget.attrs["placeholder"] = own_name(said)
        if entry.kind != "tool":
            del self.fields["is_read_only"]
        elif self.instance.is_read_only is not None:
            self.initial["is_read_only"] = str(self.instance.is_read_only).lower()
        self.fields["title"].widget.attrs["placeholder"] = said.title or ""
        self.fields["description"].widget.attrs.update(rows=4, placeholder=said.description or "")
        self.fields["permission"].widget.attrs["placeholder"] = said.permission or ""
        for name, field in self.fields.items():
            if name in self.errors:
                field.widget.attrs["aria-invalid"] = "true"

    def clean_new_name(self) -> str:
        """Refuse what another entry is called."""
        name = str(self.cleaned_data["new_name"])
        other = self._shelf.catalog.of_kind(self._entry.kind).get(name)
        if name and other is not None and not self._is_this(other):
            raise ValidationError(f"Another {self._entry.kind} of this server is called {name}.")
        return "" if name == own_name(self._entry.definition) else name

    def _is_this(self, other: Offered) -> bool:
        return own_name(other.definition) == own_name(self._entry.definition)
