"""System checks: what can be known to be wrong before the first request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import connections, router
from django.utils.module_loading import import_string

from mcp_transport.auth.authenticators import Authenticator
from mcp_transport.conf import Settings, settings
from mcp_transport.models import Server

RECORDINGS = ("durable", "batched", "off")
# Settings whose zero or negative value would stop everything.
POSITIVE = (
    "MCP_MAX_BODY_BYTES",
    "MCP_BODY_TIMEOUT",
    "MCP_KEEP_ALIVE_INTERVAL",
    "MCP_TOOL_TIMEOUT",
    "MCP_ANSWER_TIMEOUT",
    "MCP_THREADS",
    "MCP_PAGE_SIZE",
    "MCP_SESSION_IDLE_TIMEOUT",
    "MCP_MAX_SESSIONS",
    "MCP_MAX_STREAMS",
    "MCP_STREAM_QUEUE",
    "MCP_CALL_QUEUE",
)


@register()
def check_path(**_: Any) -> list[CheckMessage]:
    """MCP_PATH is joined with slugs and compared with request paths."""
    path = settings.MCP_PATH
    if path.startswith("/") and not path.endswith("/"):
        return []
    return [
        Error(
            f"MCP_PATH is {path!r}; it begins with a slash and does not end with one.",
            hint='Write it like the default, "/mcp".',
            id="mcp.E001",
        )
    ]


@register()
def check_recording(**_: Any) -> list[CheckMessage]:
    """MCP_CALL_RECORDING is one of three words."""
    if settings.MCP_CALL_RECORDING in RECORDINGS:
        return []
    return [
        Error(
            f"MCP_CALL_RECORDING is {settings.MCP_CALL_RECORDING!r}.",
            hint=f"Use one of {', '.join(RECORDINGS)}.",
            id="mcp.E002",
        )
    ]


@register()
def check_authenticators(**_: Any) -> list[CheckMessage]:
    """MCP_AUTHENTICATORS names classes that can be made without arguments."""
    return [
        Error(
            f"MCP_AUTHENTICATORS names {path!r}, {problem}.",
            hint="Name subclasses of mcp_transport.auth.authenticators.Authenticator.",
            id="mcp.E003",
        )
        for path in settings.MCP_AUTHENTICATORS
        if (problem := authenticator_problem(path))
    ]


def authenticator_problem(path: str) -> str:
    """Say why a path does not name an authenticator; empty when it does."""
    try:
        named = import_string(path)
    except ImportError as exc:
        return f"which cannot be imported ({exc})"
    is_authenticator = isinstance(named, type) and issubclass(named, Authenticator)
    return "" if is_authenticator else "which is not an authenticator"


@register()
def check_limits(**_: Any) -> list[CheckMessage]:
    """Limits leave room for something."""
    return [
        Error(
            f"{name} is {getattr(settings, name)!r}; it is a number above zero.",
            hint=f"Remove the setting to get the default, {getattr(Settings, name)!r}.",
            id="mcp.E004",
        )
        for name in POSITIVE
        if not is_positive(getattr(settings, name))
    ]


def is_positive(value: object) -> bool:
    """Whether a setting is a number above zero."""
    return isinstance(value, int | float) and value > 0


@register()
def check_names(**_: Any) -> list[CheckMessage]:
    """A setting that nobody reads was probably mistyped."""
    declared = set(Settings.__annotations__)
    unknown = sorted(n for n in dir(django_settings) if n.startswith("MCP_") and n not in declared)
    return [
        CheckWarning(
            f"{name} is set, but no such setting is read.",
            hint="Correct its spelling or remove it.",
            id="mcp.W001",
        )
        for name in unknown
    ]


@register(Tags.database)
def check_sqlite(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """SQLite serves several connections only when each takes its lock at the start."""
    return [
        CheckWarning(
            f"The SQLite database {alias!r} begins transactions without a lock, so simultaneous"
            ' writes can fail with "database is locked".',
            hint='Set OPTIONS["transaction_mode"] to "IMMEDIATE" and journal_mode to WAL.',
            id="mcp.W002",
        )
        for alias in databases or ()
        if begins_without_lock(django_settings.DATABASES[alias])
    ]


def begins_without_lock(database: dict[str, Any]) -> bool:
    """Whether a configuration is SQLite's with its default transactions."""
    mode = str(database.get("OPTIONS", {}).get("transaction_mode") or "")
    return database["ENGINE"].endswith("sqlite3") and mode.upper() not in {"IMMEDIATE", "EXCLUSIVE"}


@register(Tags.security, deploy=True)
def check_hosts(**_: Any) -> list[CheckMessage]:
    """Any host in the Host header lets a web page reach the site by DNS rebinding."""
    named = settings.MCP_ALLOWED_HOSTS
    hosts: Iterable[str] = django_settings.ALLOWED_HOSTS if named is None else named
    if "*" not in hosts:
        return []
    return [
        CheckWarning(
            "Servers answer under every host name.",
            hint="Name the site's hosts in ALLOWED_HOSTS or MCP_ALLOWED_HOSTS.",
            id="mcp.W010",
        )
    ]


@register(Tags.security, deploy=True)
def check_token_lifetime(**_: Any) -> list[CheckMessage]:
    """A token that never expires is found in some backup one day."""
    if settings.MCP_TOKEN_LIFETIME_DAYS is not None:
        return []
    return [
        CheckWarning(
            "New tokens never expire.",
            hint="Set MCP_TOKEN_LIFETIME_DAYS; a single token can still be made to last.",
            id="mcp.W011",
        )
    ]


@register(Tags.database, deploy=True)
def check_public_servers(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """A server that asks for no credentials is meant to be one."""
    return [
        CheckWarning(
            f"The server {slug!r} can be used by anybody.",
            hint="Change its access in the admin, or silence this check.",
            id="mcp.W012",
        )
        for alias in databases or ()
        for slug in public_slugs(alias)
    ]


def public_slugs(alias: str) -> list[str]:
    """The enabled servers without access control, if the tables are there and in this database."""
    connection = connections[alias]
    if not router.allow_migrate_model(alias, Server):
        return []
    if Server._meta.db_table not in connection.introspection.table_names():
        return []
    public = Server.objects.using(alias).filter(access=Server.Access.PUBLIC, is_enabled=True)
    return list(public.values_list("slug", flat=True))
