"""What a list can be narrowed by: a form whose state is the page's query string."""

from __future__ import annotations

from typing import Any

from django import forms


class FilterForm(forms.Form):
    """Shown by ``{% include "admin/mcp_transport/parts/filters.html" %}`` as ``form``."""

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="by-%s", label_suffix="")

    @property
    def is_set(self) -> bool:
        """Whether anything is asked for, be it possible or not."""
        return any(self.data.get(name) for name in self.fields)

    def said(self, name: str) -> str:
        """What is asked for by one field; empty for nothing, or for what is none of its choices."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "").strip()
