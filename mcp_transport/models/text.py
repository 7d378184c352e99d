"""Prompts and resources that are texts, written in the admin and kept in every version."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from mcp_transport.models.server import validate_name, validate_permission
from mcp_transport.registry.uri_template import check_uri

ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
#: ``{name}`` is replaced; ``{{name}}`` stands for itself in single braces.
VARIABLE = re.compile(r"\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\}", re.ASCII)
MEMBERS = {"name": str, "title": str, "description": str, "required": bool}
VERSIONED = ("name", "uri", "title", "description", "mime_type", "arguments", "text", "permission")


def validate_uri(uri: str) -> None:
    """Refuse what is no absolute URI, or the template of several."""
    try:
        check_uri(uri)
    except ImproperlyConfigured as error:
        raise ValidationError(str(error), code="malformed") from None
    if "{" in uri or "}" in uri:
        raise ValidationError("A text has one URI, without braces.", code="malformed")


def validate_arguments(arguments: object) -> None:
    """Refuse what is not a list of arguments, each with a name of its own."""
    if not isinstance(arguments, list) or not all(map(_is_argument, arguments)):
        raise ValidationError(
            "Arguments are a list of objects with a name of letters, digits and underscores;"
            " title and description are texts, required is true or false.",
            code="malformed",
        )
    names = [argument["name"] for argument in arguments]
    if len(set(names)) < len(names):
        raise ValidationError("Two arguments have the same name.", code="duplicate")


def _is_argument(argument: object) -> bool:
    if not isinstance(argument, dict) or not argument.keys() <= MEMBERS.keys():
        return False
    if not all(isinstance(value, MEMBERS[member]) for member, value in argument.items()):
        return False
    return ARGUMENT.fullmatch(argument.get("name", "")) is not None


def variables_of(text: str) -> list[str]:
    """The names in single braces, in order, each once."""
    return list(dict.fromkeys(name for _kept, name in VARIABLE.findall(text) if name))


def filled(text: str, arguments: dict[str, str], names: frozenset[str]) -> str:
    """
    The text with the arguments in the place of their variables.

    Done in one pass, so that nothing an argument holds is taken for a variable.
    """

    def replacement(match: re.Match[str]) -> str:
        kept, name = match.groups()
        if kept:
            return f"{{{kept}}}"
        return arguments.get(name, "") if name in names else match.group()

    return VARIABLE.sub(replacement, text)


class TextEntry(models.Model):
    """A prompt or a resource that is a text; saving it adds a version."""

    class Kind(models.TextChoices):
        """What clients find it as."""

        PROMPT = "prompt", "Prompt"
        RESOURCE = "resource", "Resource"

    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.PROMPT)
    name = models.CharField(max_length=128, validators=[validate_name])
    uri = models.CharField(
        "URI",
        max_length=500,
        blank=True,
        validators=[validate_uri],
        help_text="Of a resource, such as text://handbook/returns.",
    )
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True, help_text="What clients' models are told of it.")
    mime_type = models.CharField("media type", max_length=100, blank=True, default="text/plain")
    arguments = models.JSONField(default=list, blank=True, validators=[validate_arguments])
    text = models.TextField(
        help_text="A prompt's {argument} is replaced; write {{argument}} for the braces themselves."
    )
    permission = models.CharField(
        max_length=200,
        blank=True,
        validators=[validate_permission],
        help_text="As app_label.codename; who may use it. Empty: whoever may use the server.",
    )
    is_enabled = models.BooleanField("enabled", default=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    #: Who saves, for the version; whoever has it at hand may set it instead of passing it.
    author = ""

    class Meta:
        verbose_name = "text"
        ordering = ("kind", "name")
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "name"],
                name="mcp_text_name",
                violation_error_message="Another text of this kind has the name.",
            ),
            models.UniqueConstraint(
                fields=["uri"],
                condition=~Q(uri=""),
                name="mcp_text_uri",
                violation_error_message="Another text has this URI.",
            ),
            models.CheckConstraint(
                condition=Q(kind="resource") ^ Q(uri=""),
                name="mcp_text_resource_has_uri",
                violation_error_message="A resource needs a URI, and a prompt has none.",
            ),
        )

    def __str__(self) -> str:
        return self.title or self.name

    def save(self, *args: Any, author: str = "", **options: Any) -> None:
        """Save the row, and add the version that it is now if that differs from the last."""
        using = options.get("using")
        with transaction.atomic(using=using):
            last = self.versions.order_by("-number").first() if self.pk else None
            if last is not None and last.content == self.content:
                return super().save(*args, **options)
            self.version = (last.number if last else 0) + 1
            super().save(*args, **options)
            self.versions.create(
                number=self.version, content=self.content, author=author or self.author
            )

    @property
    def key(self) -> str:
        """What catalogs know it by: a name, or a URI."""
        return self.uri if self.kind == self.Kind.RESOURCE else self.name

    def clean(self) -> None:
        """Refuse variables that nobody fills, and members that the kind does not have."""
        if self.kind == self.Kind.RESOURCE:
            if self.arguments:
                raise ValidationError({"arguments": "A resource takes no arguments."})
            if not self.uri:
                raise ValidationError({"uri": "A resource needs a URI."})
        elif self.uri:
            raise ValidationError({"uri": "A prompt has no URI."})
        else:
            self._check_variables()

    def _check_variables(self) -> None:
        declared = {a.get("name") for a in self.arguments if isinstance(a, dict)}
        unknown = [name for name in variables_of(self.text) if name not in declared]
        if unknown:
            raise ValidationError(
                {
                    "text": f"{{{unknown[0]}}} is no argument: declare it, or write"
                    f" {{{{{unknown[0]}}}}} for the braces themselves."
                }
            )

    @property
    def content(self) -> dict[str, Any]:
        """What a version keeps."""
        return {name: getattr(self, name) for name in VERSIONED}

    def restore(self, version: TextVersion, *, author: str = "") -> None:
        """Be again what a version was, which makes a new one. Raises ValidationError."""
        for name in VERSIONED:
            setattr(self, name, version.content[name])
        self.full_clean()
        self.save(author=author)


class TextVersion(models.Model):
    """What a text was; never changed."""

    entry = models.ForeignKey(TextEntry, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    author = models.CharField(max_length=200, blank=True)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("entry", "-number")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=["entry", "number"], name="mcp_text_version_number"),
        )

    def __str__(self) -> str:
        return f"{self.entry_id}, version {self.number}"
