"""
``check --deploy``: what works, and must not be so where strangers reach it.

What a single setting makes dangerous is one line of a table; the rest looks at
more than one thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connections

from mcp_transport.checks.site import databases_in_use
from mcp_transport.checks.values import buses
from mcp_transport.conf import settings
from mcp_transport.limits.limit import chosen
from mcp_transport.models import Server
from mcp_transport.rules import RULES
from mcp_transport.serving.servers import worker_count

POSTGRESQL = ("postgresql", "postgis", "postgresql_psycopg2")
KEY_LENGTH = 50  # characters, as Django asks for
KEY_VARIETY = 5
GENERATED_BY_STARTPROJECT = "django-insecure-"
PROXY_PATIENCE = 60.0  # seconds after which nginx and most load balancers cut a silent stream
LONG_REVOCATION = 10.0  # seconds
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A value that is allowed, and unwise on a site that others reach."""

    id: str
    setting: str
    is_unwise: Callable[[Any], bool]
    says: str
    hint: str


def is_plain_origin(origin: str) -> bool:
    """Whether pages of an origin come over the network without TLS."""
    parts = urlsplit(origin)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


CAUTIONS = (
    Caution(
        id="mcp.W011",
        setting="MCP_TOKEN_LIFETIME_DAYS",
        is_unwise=lambda days: days is None,
        says="New tokens never expire.",
        hint="Set MCP_TOKEN_LIFETIME_DAYS; a single token can still be made to last.",
    ),
    Caution(
        id="mcp.W013",
        setting="MCP_CALL_RECORDING",
        is_unwise=lambda mode: mode == "off",
        says="No call is recorded: nobody can say afterwards who called what.",
        hint='Set MCP_CALL_RECORDING to "durable", or to "batched" where speed matters more.',
    ),
    Caution(
        id="mcp.W015",
        setting="MCP_ROW_CACHE_SECONDS",
        is_unwise=lambda seconds: seconds > LONG_REVOCATION,
        says="A token that is revoked goes on working for more than ten seconds.",
        hint="Lower MCP_ROW_CACHE_SECONDS; one second costs next to nothing.",
    ),
    Caution(
        id="mcp.W016",
        setting="MCP_KEEP_ALIVE_INTERVAL",
        is_unwise=lambda seconds: seconds >= PROXY_PATIENCE,
        says="Open streams are silent for longer than most proxies wait.",
        hint=f"Set MCP_KEEP_ALIVE_INTERVAL well below {PROXY_PATIENCE:g} seconds.",
    ),
    Caution(
        id="mcp.W017",
        setting="MCP_ALLOWED_ORIGINS",
        is_unwise=lambda origins: any(map(is_plain_origin, origins)),
        says="Pages that come without TLS may call: whoever is on their way can rewrite them.",
        hint="Name only https:// origins in MCP_ALLOWED_ORIGINS.",
    ),
)


@register(Tags.security, deploy=True)
def check_cautions(**_: Any) -> list[CheckMessage]:
    """Values that are unwise by themselves; wrong ones are named elsewhere."""
    return [
        CheckWarning(caution.says, hint=caution.hint, id=caution.id)
        for caution in CAUTIONS
        if is_valid(caution.setting) and caution.is_unwise(getattr(settings, caution.setting))
    ]


def is_valid(name: str) -> bool:
    """Whether a setting keeps its rule."""
    return not any(RULES[name].problems(getattr(settings, name)))


@register(Tags.security, deploy=True)
def check_hosts(**_: Any) -> list[CheckMessage]:
    """Any host in the Host header lets a web page reach the site by DNS rebinding."""
    named = settings.MCP_ALLOWED_HOSTS
    hosts: Sequence[str] = django_settings.ALLOWED_HOSTS if named is None else named
    if not is_valid("MCP_ALLOWED_HOSTS") or "*" not in hosts:
        return []
    return [
        Error(
            "Servers answer under every host name, so a web page can reach them by rebinding its own.",
            hint="Name the site's hosts in ALLOWED_HOSTS or MCP_ALLOWED_HOSTS.",
            id="mcp.E010",
        )
    ]


@register(Tags.security, deploy=True)
def check_debug(**_: Any) -> list[CheckMessage]:
    """DEBUG is for one developer on one machine."""
    if not django_settings.DEBUG:
        return []
    return [
        Error(
            "DEBUG is on: error pages show the site's code and settings, and each connection of a"
            " tool's thread remembers thousands of queries.",
            hint="Set DEBUG to False.",
            id="mcp.E011",
        )
    ]


@register(Tags.security, deploy=True)
def check_signing_key(**_: Any) -> list[CheckMessage]:
    """What stateless clients carry between questions is signed with the site's keys."""
    fallbacks = enumerate(getattr(django_settings, "SECRET_KEY_FALLBACKS", ()))
    keys = {f"SECRET_KEY_FALLBACKS[{index}]": key for index, key in fallbacks}
    keys["SECRET_KEY"] = getattr(django_settings, "SECRET_KEY", "")
    return [
        Error(
            f"{name} can be guessed, and with it the state of a stateless client's questions forged.",
            hint=f"Make one of at least {KEY_LENGTH} random characters:"
            " django.core.management.utils.get_random_secret_key().",
            id="mcp.E012",
        )
        for name, key in keys.items()
        if is_weak(key)
    ]


def is_weak(key: str | bytes) -> bool:
    """Whether a key is too short, too even or the one of a new project."""
    text = key.decode("latin-1") if isinstance(key, bytes) else key
    too_small = len(text) < KEY_LENGTH or len(set(text)) < KEY_VARIETY
    return too_small or text.startswith(GENERATED_BY_STARTPROJECT)


@register(deploy=True)
def check_workers(**_: Any) -> list[CheckMessage]:
    """Several processes have to wake each other."""
    count = worker_count() if is_valid("MCP_WORKERS") else 1
    if count == 1:
        return []
    return [
        CheckWarning(
            f"{count} worker processes share the site, and the {alias!r} bus reaches none but its own:"
            " changes are noticed late, and an answer may come to a process that does not wait for it.",
            hint="Name a bus in MCP_BUS that reaches the others, or serve with one process.",
            id="mcp.W018",
        )
        for alias, bus in buses()
        if not bus.reaches_other_processes
    ]


@register(deploy=True)
def check_connections(**_: Any) -> list[CheckMessage]:
    """A connection to PostgreSQL costs more than most calls."""
    return [
        CheckWarning(
            f"The PostgreSQL database {alias!r} is connected to anew for every synchronous call.",
            hint='Set CONN_MAX_AGE to None and CONN_HEALTH_CHECKS to True, or OPTIONS["pool"].',
            id="mcp.W014",
        )
        for alias, database in databases_in_use()
        if connects_each_time(database)
    ]


def connects_each_time(database: dict[str, Any]) -> bool:
    """Whether a configuration keeps no connection open from one call to the next."""
    is_postgresql = database["ENGINE"].rpartition(".")[2] in POSTGRESQL
    is_kept = database.get("CONN_MAX_AGE", 0) != 0 or database.get("OPTIONS", {}).get("pool")
    return is_postgresql and not is_kept


@register(Tags.security, deploy=True)
def check_public_servers(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """
    A server that asks for no credentials is meant to be one.

    Looks into the database without being asked to with ``--database``: an open
    server is what a check of a deployment is for.
    """
    aliases = [alias for alias, _database in databases_in_use()]
    wanted = [alias for alias in aliases if alias in databases] if databases else aliases
    return [message for alias in wanted for message in public_servers(alias)]


def public_servers(alias: str) -> Iterator[CheckMessage]:
    """What each server of a database that is open lets happen, or that none can be read."""
    try:
        rates = public_rates(alias)
    except DatabaseError as exc:
        yield CheckWarning(
            f"Whether servers are open could not be read from the database {alias!r}:"
            f" {type(exc).__name__}.",
            hint="Run the check where the site's database can be reached.",
            id="mcp.W019",
        )
        return
    for slug, rate in rates:
        yield CheckWarning(
            f"The server {slug!r} can be used by anybody.",
            hint="Change its access in the admin, or silence this check.",
            id="mcp.W012",
        )
        if chosen(rate, settings.MCP_ANONYMOUS_RATE_LIMIT) is None:
            yield CheckWarning(
                f"The server {slug!r} can be asked by anybody as often as they like.",
                hint="Set MCP_ANONYMOUS_RATE_LIMIT, or the server's own limit for each client.",
                id="mcp.W020",
            )


def public_rates(alias: str) -> list[tuple[str, int | None]]:
    """The enabled servers without access control; none while there are no tables."""
    if Server._meta.db_table not in connections[alias].introspection.table_names():
        return []
    public = Server.objects.using(alias).filter(access=Server.Access.PUBLIC, is_enabled=True)
    return list(public.values_list("slug", "principal_rate"))
