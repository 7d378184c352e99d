"""What the admin pages have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern

from mcp_transport.admin.policy import View, arranged, readable, strict
from mcp_transport.admin.reversing import on_site
from mcp_transport.audit.differences import described, difference, stored
from mcp_transport.audit.operators import (
    DENIED,
    Subject,
    operator_of,
    record_action,
    record_actions,
)
from mcp_transport.digits import read_key

if TYPE_CHECKING:  # generic in the type stubs only
    StockModelAdmin = admin.ModelAdmin[Any]
    ModelForm = forms.ModelForm[Any]
else:
    StockModelAdmin = admin.ModelAdmin
    ModelForm = forms.ModelForm

# The site's users may be called by something else than a username.
USERNAME = get_user_model().USERNAME_FIELD


class ModelAdmin(StockModelAdmin):
    """
    An admin whose every page, stock or custom, keeps the strict policy.

    Custom pages are declared in :meth:`page_urls`. Each begins the transactions
    that it needs by itself, with or without the site's ATOMIC_REQUESTS.
    """

    def page_urls(self) -> list[URLPattern]:
        """
        Return the custom pages, which come before the stock ones.

        Each view is wrapped by :meth:`guarded`, and asks for the permission
        that its page needs.
        """
        return []

    def get_urls(self) -> list[URLPattern]:
        """See ModelAdmin.get_urls()."""
        patterns = [*self.page_urls(), *super().get_urls()]
        for pattern in patterns:
            # A denial raises: in the request's own transaction its record would not stay.
            view = strict(arranged(readable(pattern.callback)))
            view = on_site(view, self.admin_site.name)
            pattern.callback = transaction.non_atomic_requests(view)
        return patterns

    def guarded(self, view: View) -> View:
        """Let only staff in; whoever has not logged in is sent to do so."""
        return self.admin_site.admin_view(view)

    def require_view(self, request: HttpRequest) -> None:
        """Raise PermissionDenied for who may not view the rows."""
        if not self.has_view_permission(request):
            raise PermissionDenied


class RecordedAdmin(ModelAdmin):
    """
    Pages whose every change is kept as an operator's action, in the same transaction.

    An action of the list calls ``record_each()`` for what it changed; whatever
    goes through a form or a deletion is kept by itself.
    """

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the row, and note what it was before."""
        obj.description_before = stored(obj) if change else {}
        super().save_model(request, obj, form, change)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep that a row was made."""
        record_action(operator_of(request), "add", obj, changes=difference({}, stored(obj)))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep what of a row was changed, if anything was."""
        changes = difference(getattr(obj, "description_before", {}), stored(obj))
        if changes:
            record_action(operator_of(request), "change", obj, changes=changes)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep what is about to be deleted."""
        self.record_each(
            request, "delete", ((row, difference(described(row), {})) for row in queryset)
        )
        return super().log_deletions(request, queryset)

    def record_each(
        self, request: HttpRequest, action: str, rows: Iterable[tuple[models.Model, Any]]
    ) -> None:
        """Keep that the reader did the same to several rows, each with what it changed."""
        record_actions(operator_of(request), action, rows)

    def response_action(  # type: ignore[override]  # the stubs are those of a later Django
        self, request: HttpRequest, queryset: Any
    ) -> HttpResponse | None:
        """Run an action of the list: what it does, and the record of it, both or neither."""
        with transaction.atomic():
            return super().response_action(request, queryset)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, or run one of its actions."""
        with self._denials(request, str(request.POST.get("action", "change"))):
            return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a row's form, or take it."""
        with self._denials(request, "change" if object_id else "add", object_id or ""):
            return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask whether a row is to be deleted, or do it."""
        with self._denials(request, "delete", object_id):
            return super().delete_view(request, object_id, extra_context)

    @contextmanager
    def _denials(self, request: HttpRequest, action: str, object_id: str = "") -> Iterator[None]:
        """Keep that the reader tried what they may not, around a view; looking is no deed."""
        try:
            yield
        except PermissionDenied:
            if request.method == "POST":
                subject = Subject(kind=str(self.opts.model_name), id=object_id)
                record_action(operator_of(request), action, subject, outcome=DENIED)
            raise


class ReadOnlyAdmin(RecordedAdmin):
    """Rows that requests make: shown to whoever may view them, changed by nobody."""

    # Counting every row of a large table takes longer than showing a page of it.
    show_full_result_count = False

    def require_view(self, request: HttpRequest) -> None:
        """Raise PermissionDenied, too, for who would do more than look."""
        with self._denials(request, "change"):
            if request.method not in {"GET", "HEAD"}:
                raise PermissionDenied
        super().require_view(request)

    def row(self, object_id: str) -> Any:
        """Return the row that an address names. Raises Http404."""
        key = read_key(object_id)
        if key is None:
            raise Http404
        return get_object_or_404(self.model, pk=key)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds a row by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes a row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a row; ``manage.py mcp clean`` does, when its time has come."""
        return False
