"""Whether Django's pool of connections to PostgreSQL can be made, and lends enough of them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from mcp_transport.checks.site import databases_in_use

DEFAULT_SIZE = 4  # of psycopg_pool
SMALLEST = 3  # the writer keeps one, requests read by one, a function queries by one


@register(deploy=True)
def check_pools(**_: Any) -> list[CheckMessage]:
    """Django itself finds out at the first connection, which is the first request."""
    return [
        message
        for alias, database in databases_in_use()
        if (pool := database.get("OPTIONS", {}).get("pool"))
        for message in (*_hindrances(alias, database), *_shortage(alias, pool))
    ]


def _hindrances(alias: str, database: dict[str, Any]) -> Iterator[Error]:
    if database.get("CONN_MAX_AGE", 0) != 0:
        yield Error(
            f"The database {alias!r} has a pool, and CONN_MAX_AGE is"
            f" {database['CONN_MAX_AGE']!r}: Django connects with one of the two only.",
            hint="Set CONN_MAX_AGE to 0: the pool is what keeps connections.",
            id="mcp.E015",
        )
    if find_spec("psycopg_pool") is None:
        yield Error(
            f"The database {alias!r} has a pool, and psycopg-pool is not installed.",
            hint='Install the extra "postgres", or psycopg-pool.',
            id="mcp.E015",
        )


def _shortage(alias: str, pool: Any) -> Iterator[CheckWarning]:
    """A pool that one function can empty; ``True`` stands for psycopg_pool's own size."""
    options = pool if isinstance(pool, dict) else {}
    most = options.get("max_size") or options.get("min_size", DEFAULT_SIZE)
    if most < SMALLEST:
        yield CheckWarning(
            f"The pool of the database {alias!r} has {most} connections at most. The writer of a"
            " worker process keeps one, so a single function that queries holds up all requests.",
            hint=f"Set max_size to {SMALLEST} or more.",
            id="mcp.W023",
        )
