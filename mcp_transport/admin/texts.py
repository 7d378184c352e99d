"""Prompts and resources that are written here, and what they were before."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.html import format_html

from mcp_transport.admin.base import ModelForm, RecordedAdmin
from mcp_transport.admin.pages import render_page
from mcp_transport.admin.parts import Link, Status
from mcp_transport.admin.reversing import reverse
from mcp_transport.audit.operators import operator_of, recorded
from mcp_transport.engine.offering import clash_of_text
from mcp_transport.models import TextEntry, TextVersion

FOLDER = "admin/mcp_transport/text"
MOST_VERSIONS = 50
ARGUMENT_LINE = "name | required or optional | description"


class ArgumentsField(forms.CharField):
    """A prompt's arguments, one a line: a name, whether it is required, what it is."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    #: The arguments before the form; a line does not show all that a program may have said of one.
    known: Sequence[dict[str, Any]] = ()

    def prepare_value(self, value: Any) -> Any:
        """See Field.prepare_value()."""
        return "\n".join(map(_line_of, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """See Field.to_python()."""
        lines = (super().to_python(value) or "").splitlines()
        same = {_line_of(argument): argument for argument in self.known}
        return [same.get(line.strip()) or self._read(line) for line in lines if line.strip()]

    def _read(self, line: str) -> dict[str, Any]:
        """The argument of a line that was changed, with the title that it had."""
        argument = _argument_of(line)
        titles = {a["name"]: a["title"] for a in self.known if a.get("title")}
        title = titles.get(argument["name"])
        return {**argument, "title": title} if title else argument

    def has_changed(self, initial: Any, data: Any) -> bool:
        """See Field.has_changed()."""
        try:
            return bool((initial or []) != self.to_python(data))
        except ValidationError:
            return True


def _line_of(argument: dict[str, Any]) -> str:
    need = "required" if argument.get("required") else "optional"
    described = " ".join(argument.get("description", "").split())  # one line
    said = (argument.get("name", ""), need, described)
    return " | ".join(said).removesuffix(" | ")


def _argument_of(line: str) -> dict[str, Any]:
    name, need, description = (part.strip() for part in [*line.split("|", 2), "", ""][:3])
    if need not in {"", "required", "optional"}:
        raise ValidationError(f"Write each line as {ARGUMENT_LINE}, not {line[:60]!r}.")
    argument: dict[str, Any] = {"name": name, "required": need == "required"}
    return {**argument, "description": description} if description else argument


class TextForm(ModelForm):
    """A text; its name is held against those of every other entry."""

    arguments = ArgumentsField(
        required=False,
        help_text=f"Of a prompt, one a line: {ARGUMENT_LINE}.",
    )

    class Meta:
        model = TextEntry
        fields: ClassVar = "__all__"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields.get("arguments")
        if isinstance(field, ArgumentsField):
            field.known = self.instance.arguments or ()

    def clean(self) -> dict[str, Any] | None:
        """Refuse a name that an entry of another source has: clients would find that one."""
        cleaned = super().clean() or {}
        is_resource = cleaned.get("kind") == TextEntry.Kind.RESOURCE
        field = "uri" if is_resource else "name"
        kind, name = ("resource" if is_resource else "prompt"), cleaned.get(field, "")
        if name and (clash := clash_of_text(kind, name)):
            self.add_error(field, clash)
        return cleaned


@admin.register(TextEntry)
class TextAdmin(RecordedAdmin):
    """What operators write for servers to offer."""

    form = TextForm
    change_form_template = f"{FOLDER}/change_form.html"
    list_display = ("name", "kind", "title", "state", "version", "updated_at")
    list_filter = ("kind", "is_enabled")
    search_fields = ("name", "uri", "title", "text")
    fieldsets = (
        (None, {"fields": ("kind", "name", "uri", "title", "description", "is_enabled")}),
        ("What it says", {"fields": ("text", "arguments", "mime_type")}),
        ("Who may use it", {"fields": ("permission",)}),
    )

    @admin.display(description="state", ordering="is_enabled")
    def state(self, entry: TextEntry) -> str:
        """Whether servers offer it, as glyph and word."""
        found = Status("ok", "on") if entry.is_enabled else Status("off", "off")
        return format_html("{}", found)

    def page_urls(self) -> list[URLPattern]:
        """See ModelAdmin.page_urls()."""
        history, restore = self.guarded(self.versions_view), self.guarded(self.restore_view)
        return [
            path("<int:pk>/versions/", history, name="mcp_text_versions"),
            path("<int:pk>/versions/<int:number>/restore/", restore, name="mcp_text_restore"),
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the text, and the version of its author."""
        obj.author = request.user.get_username()
        super().save_model(request, obj, form, change)

    def versions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Every version, newest first, each with what it changed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        entry = get_object_or_404(TextEntry, pk=pk)
        rows = list(entry.versions.order_by("-number")[: MOST_VERSIONS + 1])
        context = {
            "entry": entry,
            "versions": [
                {"row": row, "diff": difference(before, row), "is_current": index == 0}
                for index, (row, before) in enumerate(
                    zip(rows[:MOST_VERSIONS], [*rows[1:], None], strict=False)
                )
            ],
            "may_change": self.has_change_permission(request),
        }
        return self._page(request, entry, "versions.html", context)

    def restore_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Make a version the newest again."""
        if not self.has_change_permission(request):
            with self._denials(request, "restore", str(pk)):
                raise PermissionDenied
        if request.method != "POST":
            raise Http404("A version is restored by a POST.")
        entry = get_object_or_404(TextEntry, pk=pk)
        version = get_object_or_404(TextVersion, entry=entry, number=number)
        try:
            with recorded(operator_of(request), "restore", entry):
                entry.restore(version, author=request.user.get_username())
        except ValidationError as error:
            said = " ".join(error.messages)
            messages.error(request, f"Version {number} cannot be restored: {said}")
        else:
            messages.success(request, f"Version {number} is the text again, as a new one.")
        return HttpResponseRedirect(reverse("admin:mcp_text_versions", args=[pk]))

    def _page(
        self, request: HttpRequest, entry: TextEntry, template: str, context: dict[str, Any]
    ) -> HttpResponse:
        crumbs = [
            Link("Texts", reverse("admin:mcp_transport_textentry_changelist")),
            Link(str(entry), reverse("admin:mcp_transport_textentry_change", args=[entry.pk])),
        ]
        return render_page(
            self, request, f"{FOLDER}/{template}", context, title=f"Versions of {entry}",
            crumbs=crumbs,
        )  # fmt: skip


def difference(before: TextVersion | None, after: TextVersion) -> str:
    """What a version changed, line by line."""
    old = _lines(before.content) if before else []
    new = _lines(after.content)
    return "\n".join(difflib.unified_diff(old, new, "before", "after", lineterm="", n=2))


def _lines(content: dict[str, Any]) -> list[str]:
    found = []
    for name, value in content.items():
        if isinstance(value, str):
            found += [f"{name}: {line}" for line in value.splitlines()]
        else:
            found += [f"{name}: {_line_of(item)}" for item in value]
    return found
