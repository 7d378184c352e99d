"""Whether the site around the endpoints leaves room for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, router
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from mcp_transport.conf import settings
from mcp_transport.models import Server
from mcp_transport.rules import RULES
from mcp_transport.transports.rest import is_door

PAGE_TEMPLATE = "mcp_transport/page.html"
SERVED_BY_OTHERS = ("STATIC_URL", "MEDIA_URL")


@register(Tags.urls)
def check_reserved_paths(**_: Any) -> list[CheckMessage]:
    """Requests below MCP_PATH never reach Django, so no page can be there."""
    if any(RULES["MCP_PATH"].problems(settings.MCP_PATH)):
        return []
    return [
        CheckWarning(
            f"{whose} {path!r} is below MCP_PATH, {settings.MCP_PATH!r}, and never reached.",
            hint="Move it, or set MCP_PATH to a path that nothing else uses.",
            id="mcp.W003",
        )
        for whose, path in site_paths()
        if f"{path.rstrip('/')}/".startswith(f"{settings.MCP_PATH}/")
    ]


@register(Tags.urls)
def check_plain_http(**_: Any) -> list[CheckMessage]:
    """Plain HTTP of the default server comes before the pages of the site."""
    root = settings.MCP_REST_ROOT
    if root is None or not settings.MCP_REST or any(RULES["MCP_REST_ROOT"].problems(root)):
        return []
    below = f"{root.rstrip('/')}/"
    return [
        CheckWarning(
            f"{whose} {path!r} is hidden by plain HTTP, which stands at MCP_REST_ROOT, {root!r}.",
            hint="Move it, or set MCP_REST_ROOT to a path that nothing else uses, or to None.",
            id="mcp.W003",
        )
        for whose, path in site_paths()
        if path.startswith(below) and is_door(path.removeprefix(below))
    ]


def site_paths() -> Iterator[tuple[str, str]]:
    """Whose and which: the paths of the site that are known without a request."""
    for name in SERVED_BY_OTHERS:
        url = getattr(django_settings, name) or ""
        if url.startswith("/"):
            yield name, url
    if getattr(django_settings, "ROOT_URLCONF", ""):
        for route in routes(get_resolver().url_patterns):
            yield "The URL pattern", f"/{route}"


def routes(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    """The beginnings of routes without converters, as far as they are fixed."""
    for entry in patterns:
        if isinstance(entry.pattern, RoutePattern):
            yield from below(entry, str(entry.pattern))


def below(entry: URLPattern | URLResolver, route: str) -> Iterator[str]:
    """A route, or those of what it includes when it has no path itself."""
    if not route and isinstance(entry, URLResolver):
        yield from routes(entry.url_patterns)
    else:
        yield route.partition("<")[0]


@register()
def check_sqlite(**_: Any) -> list[CheckMessage]:
    """SQLite serves several connections only when each takes its lock at the start."""
    return [
        CheckWarning(
            f"The SQLite database {alias!r} begins transactions without a lock, so simultaneous"
            ' writes can fail with "database is locked".',
            hint='Set OPTIONS["transaction_mode"] to "IMMEDIATE" and journal_mode to WAL.',
            id="mcp.W002",
        )
        for alias, database in databases_in_use()
        if begins_without_lock(database)
    ]


@register()
def check_time_zones(**_: Any) -> list[CheckMessage]:
    """Times are compared between processes and machines, so each has its zone."""
    if django_settings.USE_TZ:
        return []
    return [
        Error(
            "USE_TZ is off, and the times of this app cannot be stored without their zone.",
            hint="Set USE_TZ to True; Django's documentation tells how a site comes to that.",
            id="mcp.E017",
        )
    ]


@register()
def check_users(**_: Any) -> list[CheckMessage]:
    """Who has left is told by a column, which queries for tokens look at."""
    user = get_user_model()
    if any(field.name == "is_active" for field in user._meta.get_fields()):
        return []
    return [
        Error(
            f"The model of users, {user._meta.label}, has no field is_active, by which the tokens"
            " of those who have left are refused.",
            hint="Add is_active = models.BooleanField(default=True) to it.",
            id="mcp.E018",
        )
    ]


@register()
def check_database(**_: Any) -> list[CheckMessage]:
    """Tokens are read together with their owners, and one transaction holds what belongs together."""
    places = {model: router.db_for_write(model) for model in (Server, get_user_model())}
    return [
        Error(
            f"DATABASE_ROUTERS put {model._meta.label} into {alias!r}; the tables of this app and"
            f" those of users belong into {DEFAULT_DB_ALIAS!r}.",
            hint="Leave both where they are without a router; others may be elsewhere.",
            id="mcp.E019",
        )
        for model, alias in places.items()
        if alias != DEFAULT_DB_ALIAS
    ]


@register()
def check_prefixes(**_: Any) -> list[CheckMessage]:
    """What is said of an app that is not there changes nothing."""
    prefixes = settings.MCP_NAME_PREFIXES
    if any(RULES["MCP_NAME_PREFIXES"].problems(prefixes)):
        return []
    installed = {config.name for config in apps.get_app_configs()}
    return [
        CheckWarning(
            f"MCP_NAME_PREFIXES names {name!r}, which is no installed app.",
            hint="Write the app's dotted name, as INSTALLED_APPS or its AppConfig has it.",
            id="mcp.W006",
        )
        for name in prefixes
        if name not in installed
    ]


@register()
def check_page(**_: Any) -> list[CheckMessage]:
    """A browser at a server's address is shown a page, which is one of Django's templates."""
    if not settings.MCP_PAGE:
        return []
    try:
        get_template(PAGE_TEMPLATE)
    except (TemplateDoesNotExist, ImproperlyConfigured):
        return [
            CheckWarning(
                f"TEMPLATES does not find {PAGE_TEMPLATE}, so that a browser at a server's address"
                " is shown an error.",
                hint="Add DjangoTemplates with APP_DIRS, or set MCP_PAGE to False.",
                id="mcp.W007",
            )
        ]
    return []


def databases_in_use() -> Iterator[tuple[str, dict[str, Any]]]:
    """The databases that hold the tables of this app, as they are configured."""
    for alias, database in django_settings.DATABASES.items():
        if router.allow_migrate_model(alias, Server):
            yield alias, database


def begins_without_lock(database: dict[str, Any]) -> bool:
    """Whether a configuration is SQLite's with its default transactions."""
    mode = str(database.get("OPTIONS", {}).get("transaction_mode") or "")
    return database["ENGINE"].endswith("sqlite3") and mode.upper() not in {"IMMEDIATE", "EXCLUSIVE"}
