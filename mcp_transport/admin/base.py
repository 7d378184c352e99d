"""What the admin pages have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest

if TYPE_CHECKING:  # generic in the type stubs only
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline

# The site's users may be called by something else than a username.
USERNAME = get_user_model().USERNAME_FIELD


class ReadOnlyAdmin(ModelAdmin):
    """Rows that requests make: shown to whoever may view them, changed by nobody."""

    # Counting every row of a large table takes longer than showing a page of it.
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds a row by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes a row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a row; ``manage.py mcp clean`` does, when its time has come."""
        return False
