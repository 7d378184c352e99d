"""The form of a server: what it offers, to whom, and by which ways in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from mcp_transport.admin.base import ModelForm
from mcp_transport.engine.offering import Origin, origins
from mcp_transport.models import EntryKind, Server
from mcp_transport.models.server import EVERYTHING, RESERVED_SLUGS, Transport, everything
from mcp_transport.protocol.revisions import SUPPORTED

Choices = list[tuple[str, Any]]


class AllOrSome(forms.MultipleChoiceField):
    """
    Boxes of which all are ticked where the row names none.

    The row stays empty while all are, so that what a later release adds is in.
    """

    widget = forms.CheckboxSelectMultiple

    def prepare_value(self, value: Any) -> Any:
        """See Field.prepare_value()."""
        return value or self.every

    def clean(self, value: Any) -> list[str]:
        """See Field.clean()."""
        chosen = super().clean(value)
        return [] if set(chosen) == set(self.every) else [k for k in self.every if k in chosen]

    @property
    def every(self) -> list[str]:
        """Every choice."""
        return [str(key) for key, _label in list(self.choices)]  # type: ignore[arg-type]  # a list


class OffersWidget(forms.CheckboxSelectMultiple):
    """Boxes for everything, for each origin of entries, and for single entries."""

    template_name = "admin/mcp_transport/server/offers.html"
    option_template_name = "admin/mcp_transport/server/offer.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Say which groups hold a single entry that is ticked."""
        context = super().get_context(name, value, attrs)
        context["groups"] = [
            (group, options, any(option["selected"] for option in options[1:]))
            for group, options, _index in context["widget"]["optgroups"]
        ]
        return context


class OffersField(forms.MultipleChoiceField):
    """What a server offers: one box for each thing that the site's sources have."""

    widget = OffersWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[], **options)

    def fill(self, kept: Sequence[str]) -> None:
        """Take the sources as they are now; what they lack, but the row names, stays a choice."""
        found: Choices = [(EVERYTHING, "Everything, also what is added later")]
        found += [(_group(origin), _choices(origin)) for origin in origins()]
        known = {EVERYTHING} | {key for _, group in found[1:] for key, _label in group}
        missing = [(offer, offer) for offer in kept if offer not in known]
        self.choices = [*found, *([("Not installed now", missing)] if missing else [])]

    def clean(self, value: Any) -> list[str]:
        """What is in a larger choice need not be named."""
        chosen = super().clean(value)
        if EVERYTHING in chosen:
            return [EVERYTHING]
        return [o for o in chosen if ":" not in o or o.partition(":")[0] not in chosen]


class OriginsField(forms.CharField):
    """Origins of browser pages, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """See Field.prepare_value()."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """See Field.to_python()."""
        return list(dict.fromkeys((super().to_python(value) or "").split()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """See Field.has_changed()."""
        return bool((initial or []) != self.to_python(data))


class ServerForm(ModelForm):
    """A server without hand-written JSON."""

    offers = OffersField(
        label="Offers", initial=everything, help_text="Tick an app to offer all that it has."
    )
    revisions = AllOrSome(
        choices=[(name, name) for name in SUPPORTED], help_text="Others are refused by name."
    )
    transports = AllOrSome(
        choices=Transport.choices, help_text="As far as the site's settings have them on."
    )
    allowed_origins = OriginsField(
        required=False,
        label="Allowed origins",
        help_text="Browser pages that may call this server, one a line, such as"
        " https://app.example; beside those of MCP_ALLOWED_ORIGINS.",
    )

    class Meta:
        model = Server
        fields = "__all__"
        help_texts = {
            "slug": "The last part of its address. Reserved, because the address means"
            f" something else: {', '.join(RESERVED_SLUGS)}, and what begins with an underscore.",
            "description": "What clients show to people.",
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if isinstance(field := self.fields.get("offers"), OffersField):
            field.fill(self.instance.offers or [])

    def clean(self) -> dict[str, Any] | None:
        """Name the field that a constraint over several would blame on the form."""
        cleaned = super().clean() or {}
        if cleaned.get("access") == Server.Access.PERMISSION and not cleaned.get("permission"):
            self.add_error(
                "permission",
                ValidationError("Access by permission needs the name of one.", code="required"),
            )
        if cleaned.get("is_default"):
            others = Server.objects.filter(is_default=True).exclude(pk=self.instance.pk)
            if (other := others.first()) is not None:
                message = f"{other} is the default server already; untick it there first."
                self.add_error("is_default", ValidationError(message, code="unique"))
        return cleaned


def _group(origin: Origin) -> str:
    return f"{origin.owner} ({origin.source})"


def _choices(origin: Origin) -> list[tuple[str, str]]:
    whole = (origin.owner, f"All of {origin.owner}: {len(origin.entries)} now")
    names: dict[str, str] = {}
    for kind, name in origin.entries:
        label = EntryKind(kind).label.lower()
        names[name] = f"{names[name]}, {label}" if name in names else f"{name} – {label}"
    return [whole, *((f"{origin.owner}:{name}", label) for name, label in names.items())]
