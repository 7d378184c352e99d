"""Servers and what they change about the entries they offer."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from mcp_transport.protocol.revisions import SUPPORTED
from mcp_transport.registry.definition import NAME
from mcp_transport.rules import is_origin

# Path segments under MCP_PATH that mean something else than a server.
RESERVED_SLUGS = (
    "docs",
    "health",
    "healthz",
    "messages",
    "openapi.json",
    "readyz",
    "sessions",
    "sse",
    "stats",
    "tools",
    "ws",
)
EVERYTHING = "*"


def validate_slug(slug: str) -> None:
    """Refuse a slug whose address belongs to something else."""
    if slug in RESERVED_SLUGS or slug.startswith("_"):
        raise ValidationError(
            f"{slug!r} is reserved; choose a slug that does not begin with an underscore"
            f" and is none of {', '.join(RESERVED_SLUGS)}.",
            code="reserved",
        )


def validate_name(name: str) -> None:
    """Refuse a name that clients could not use."""
    if not NAME.fullmatch(name):
        raise ValidationError(
            f"{name!r} is no name; use 1 to 128 letters, digits, dots, dashes and underscores.",
            code="malformed",
        )


def validate_permission(permission: str) -> None:
    """Refuse what cannot be the name of a Django permission."""
    app_label, _, codename = permission.partition(".")
    if permission and not (app_label and codename):
        raise ValidationError(
            f"{permission!r} is not a permission; write it as app_label.codename.",
            code="malformed",
        )


def validate_offers(offers: object) -> None:
    """Refuse what is not a list of names."""
    if not isinstance(offers, list) or not all(isinstance(o, str) and o for o in offers):
        raise ValidationError(
            'Offers are a list of strings: "*", an app label, or "app_label:entry".',
            code="malformed",
        )


class Transport(models.TextChoices):
    """A way in."""

    STREAMABLE_HTTP = "streamable_http", "Streamable HTTP"
    WEBSOCKET = "websocket", "WebSocket"
    HTTP_SSE = "http_sse", "HTTP with SSE, for clients of 2024-11-05"
    REST = "rest", "Plain REST"
    STDIO = "stdio", "Standard input and output"


def validate_origins(origins: object) -> None:
    """Refuse what is not a list of origins as browsers send them."""
    if not isinstance(origins, list):
        raise ValidationError("Allowed origins are a list.", code="malformed")
    for origin in origins:
        if not (isinstance(origin, str) and is_origin(origin)):
            raise ValidationError(
                f"{origin!r} is no origin; write a scheme and a host, like https://app.example.",
                code="malformed",
            )


def normal_origin(origin: str) -> str:
    """An origin in the form that what a browser sends is compared with."""
    return origin.lower().rstrip("/")


def validate_revisions(revisions: object) -> None:
    """Refuse what is not a list of revisions that there are."""
    _validate_names(revisions, SUPPORTED, "revisions")


def validate_transports(transports: object) -> None:
    """Refuse what is not a list of transports that there are."""
    _validate_names(transports, Transport.values, "transports")


def _validate_names(names: object, known: Sequence[str], what: str) -> None:
    if not isinstance(names, list) or any(name not in known for name in names):
        raise ValidationError(f"The {what} are a list of {', '.join(known)}.", code="unknown")


def everything() -> list[str]:
    """What a new server offers."""
    return [EVERYTHING]


class Server(models.Model):
    """A set of entries under one URL, and who may use them."""

    class Access(models.TextChoices):
        """Who may use a server."""

        PUBLIC = "public", "Anybody"
        TOKEN = "token", "Anybody with a token"
        PERMISSION = "permission", "Users with the permission"

    slug = models.SlugField(max_length=64, unique=True, validators=[validate_slug])
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    instructions = models.TextField(blank=True, help_text="What clients' models are told.")
    is_enabled = models.BooleanField("enabled", default=True)
    is_default = models.BooleanField(
        "default", default=False, help_text="Answers at the path without a slug, too."
    )
    access = models.CharField(max_length=16, choices=Access.choices, default=Access.TOKEN)
    permission = models.CharField(
        max_length=200,
        blank=True,
        validators=[validate_permission],
        help_text="As app_label.codename; asked for when access is by permission.",
    )
    allowed_origins = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_origins],
        help_text="Origins of browser pages that may call, beside those of the site's settings.",
    )
    revisions = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_revisions],
        help_text="Revisions of the protocol that are served; an empty list: every one.",
    )
    transports = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_transports],
        help_text="Ways in; an empty list: every one that the site serves.",
    )
    offers = models.JSONField(
        default=everything,
        validators=[validate_offers],
        help_text='A list: "*" for everything, "app_label", or "app_label:entry".',
    )
    rate = models.PositiveIntegerField(
        "requests a minute",
        null=True,
        blank=True,
        help_text="Of all clients together; empty takes MCP_SERVER_RATE_LIMIT, 0 is no limit.",
    )
    concurrency = models.PositiveIntegerField(
        "requests at once",
        null=True,
        blank=True,
        help_text="Of all clients together; empty takes MCP_SERVER_CONCURRENCY_LIMIT, 0 is no limit.",
    )
    principal_rate = models.PositiveIntegerField(
        "requests a minute, each client",
        null=True,
        blank=True,
        help_text="Empty takes MCP_RATE_LIMIT or MCP_ANONYMOUS_RATE_LIMIT, 0 is no limit.",
    )
    principal_concurrency = models.PositiveIntegerField(
        "requests at once, each client",
        null=True,
        blank=True,
        help_text="Empty takes MCP_CONCURRENCY_LIMIT or MCP_ANONYMOUS_CONCURRENCY_LIMIT,"
        " 0 is no limit.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("slug",)
        permissions = (("try_tool", "Can try tools, prompts and resources"),)
        constraints = (
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="mcp_one_default_server",
                violation_error_message="Another server is the default already.",
            ),
            # Once more, for rows that no form has looked at.
            models.CheckConstraint(
                condition=~Q(slug__in=RESERVED_SLUGS) & ~Q(slug__startswith="_"),
                name="mcp_server_slug_is_free",
                violation_error_message="This slug is reserved.",
            ),
            models.CheckConstraint(
                condition=~Q(access="permission", permission=""),
                name="mcp_server_names_permission",
                violation_error_message="Access by permission needs the name of one.",
            ),
        )

    def __str__(self) -> str:
        return self.title or self.slug


class EntryKind(models.TextChoices):
    """What an entry is."""

    TOOL = "tool", "Tool"
    RESOURCE = "resource", "Resource"
    TEMPLATE = "template", "Resource template"
    PROMPT = "prompt", "Prompt"


RENAMED = frozenset({EntryKind.TOOL, EntryKind.PROMPT})  # the others are known by a URI


class EntryOverride(models.Model):
    """What one server changes about one entry; a blank field keeps what the entry says."""

    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="overrides")
    kind = models.CharField(max_length=16, choices=EntryKind.choices, default=EntryKind.TOOL)
    name = models.CharField(
        max_length=500, help_text="The entry's own name, or the URI of a resource."
    )
    is_enabled = models.BooleanField("enabled", default=True)
    new_name = models.CharField(max_length=128, blank=True, validators=[validate_name])
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    permission = models.CharField(max_length=200, blank=True, validators=[validate_permission])
    is_read_only = models.BooleanField("read-only", null=True, blank=True)
    rate = models.PositiveIntegerField(
        "requests a minute", null=True, blank=True, help_text="Of all clients; 0 is no limit."
    )
    concurrency = models.PositiveIntegerField(
        "requests at once", null=True, blank=True, help_text="Of all clients; 0 is no limit."
    )

    class Meta:
        ordering = ("server", "kind", "name")
        constraints = (
            models.UniqueConstraint(
                fields=["server", "kind", "name"], name="mcp_one_override_per_entry"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def clean(self) -> None:
        """Refuse what nobody would ever be told."""
        if self.new_name and self.kind not in RENAMED:
            raise ValidationError(
                {"new_name": "Clients know it by its URI; only tools and prompts get other names."}
            )
        if self.is_read_only is not None and self.kind != EntryKind.TOOL:
            raise ValidationError({"is_read_only": "Only tools say whether they read or write."})
