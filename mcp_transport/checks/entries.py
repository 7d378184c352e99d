"""
``check --deploy``: whether what is said of entries, and what they ask for, is there.

Names are all that ties them together: one that is misspelt, or has changed, is
an error that nobody sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.auth.models import Permission
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connections

from mcp_transport.checks.deployment import is_valid
from mcp_transport.checks.origins import ORIGINS, origins
from mcp_transport.checks.site import databases_in_use
from mcp_transport.conf import settings
from mcp_transport.engine.catalog import definitions_of, own_name
from mcp_transport.engine.offering import hidden_by_others, site_sources
from mcp_transport.engine.source import AnyDefinition
from mcp_transport.models import EntryOverride, Server, TextEntry
from mcp_transport.models.server import RENAMED


@register(deploy=True)
def check_overrides(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """
    What a server says of an entry goes by its name, and is lost with it.

    A tool that was switched off is on again when its app calls it something else.
    """
    aliases = [alias for alias, _database in databases_in_use()]
    wanted = [alias for alias in aliases if alias in databases] if databases else aliases
    return [message for alias in wanted for message in lost_overrides(alias)]


def lost_overrides(alias: str) -> Iterator[CheckMessage]:
    """The overrides of entries that nothing has; none where the database cannot be read."""
    if not are_readable():
        return
    try:
        rows = rows_of_overrides(alias)
        known = names_of_entries(alias) if rows else set()
    except DatabaseError:
        return  # which check_public_servers tells
    for slug, kind, name in rows:
        if (kind, name) not in known and not may_be_from_elsewhere(kind, name):
            yield CheckWarning(
                f"The server {slug!r} changes the {kind} {name!r}, which nothing here has: if it is"
                " called something else now, clients find it as its app has it.",
                hint="Say the same of the entry under its new name, then delete the old row:"
                " `mcp export`, and `mcp import --prune` without it.",
                id="mcp.W024",
            )


def may_be_from_elsewhere(kind: str, name: str) -> bool:
    """Whether a server of others or a document may have an entry: none is asked for a check."""
    if kind in RENAMED and not settings.MCP_REMOTE:  # which may have any names
        return name.startswith(tuple(f"{origin.alias}_" for origin in origins()))
    return bool(settings.MCP_STDIO or settings.MCP_REMOTE)


@register(deploy=True)
def check_names(**_: Any) -> list[CheckMessage]:
    """Of two entries with one name clients find the first; programs and documents are not asked."""
    if not are_readable():
        return []
    try:
        hidden = hidden_by_others(site_sources("prompt"))
    except DatabaseError:
        return []
    return [
        CheckWarning(
            str(one),
            hint="Call one of them something else, or let no server offer both origins.",
            id="mcp.W027",
        )
        for one in hidden
    ]


def names_of_entries(alias: str) -> set[tuple[str, str]]:
    """What every source has, by kind and name, and the texts that are switched off."""
    texts = TextEntry.objects.using(alias).filter(is_enabled=False)
    return {
        *((str(text.kind), text.key) for text in texts),
        *((kind, own_name(definition)) for kind, definition in definitions()),
    }


def definitions() -> Iterator[tuple[str, AnyDefinition]]:
    """What apps and texts have; documents, which have but tools, are not fetched for that."""
    for source in site_sources("prompt"):
        yield from definitions_of(source)


def are_readable() -> bool:
    """Whether the settings that say where entries come from keep their rules."""
    return all(map(is_valid, ("MCP_SOURCES", *ORIGINS)))


def rows_of_overrides(alias: str) -> list[tuple[str, str, str]]:
    """Of enabled servers: the server's slug, and the kind and name of the entry."""
    if EntryOverride._meta.db_table not in connections[alias].introspection.table_names():
        return []
    rows = EntryOverride.objects.using(alias).filter(server__is_enabled=True)
    return list(rows.values_list("server__slug", "kind", "name"))


@register(deploy=True)
def check_permissions(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """A permission that does not exist is one that nobody has but superusers."""
    aliases = [alias for alias, _database in databases_in_use()]
    wanted = [alias for alias in aliases if alias in databases] if databases else aliases
    return [message for alias in wanted for message in unknown_permissions(alias)]


def unknown_permissions(alias: str) -> Iterator[CheckMessage]:
    """The permissions that are asked for and not there; none where that cannot be read."""
    if not are_readable():
        return
    try:
        known = names_of_permissions(alias)
        asked = dict(asked_for(alias)) if known else {}
    except DatabaseError:
        return
    for name, asker in asked.items():
        if name not in known:
            yield CheckWarning(
                f"{asker} asks for the permission {name!r}, which is none of this site: nobody but"
                " superusers has it.",
                hint="Correct it, or run migrate, which makes those of models. Silence this"
                " where a backend of your own grants it.",
                id="mcp.W026",
            )


def names_of_permissions(alias: str) -> set[str]:
    """Every permission of the site; none while there are no tables."""
    tables = connections[alias].introspection.table_names()
    if not {Permission._meta.db_table, EntryOverride._meta.db_table} <= set(tables):
        return set()
    rows = Permission.objects.using(alias).order_by()
    pairs = rows.values_list("content_type__app_label", "codename")
    return {f"{app_label}.{codename}" for app_label, codename in pairs}


def asked_for(alias: str) -> Iterator[tuple[str, str]]:
    """The permissions that somebody asks for, each with one who does."""
    for kind, definition in definitions():
        if definition.permission:
            yield definition.permission, f"The {kind} {own_name(definition)!r}"
    for origin in origins():
        if permission := origin.given.get("permission"):
            yield permission, str(origin)
    servers = Server.objects.using(alias).filter(access=Server.Access.PERMISSION)
    for slug, permission in servers.values_list("slug", "permission"):
        yield permission, f"The server {slug!r}"
    overrides = EntryOverride.objects.using(alias).exclude(permission="")
    rows = overrides.values_list("server__slug", "kind", "name", "permission")
    for slug, kind, name, permission in rows:
        yield permission, f"The {kind} {name!r} of the server {slug!r}"
