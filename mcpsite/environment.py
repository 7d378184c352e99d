"""
What the site reads from its environment.

Settings are written before Django stands, so nothing here imports it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SQLITE_OPTIONS: dict[str, Any] = {
    # A reader never waits for the writer, and a kill loses no committed row.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    # The write lock is taken at BEGIN, where waiting helps; a later upgrade fails at once.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
}


def flag(name: str, *, default: bool = False) -> bool:
    """Whether a variable says yes."""
    value = os.environ.get(name, "").strip().lower()
    return value in {"1", "true", "yes", "on"} if value else default


def words(name: str, default: str = "") -> list[str]:
    """The comma-separated parts of a variable."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def choice(name: str, words: Sequence[str]) -> str:
    """
    One of a few words, by default the first.

    Raises ValueError for any other.
    """
    word = os.environ.get(name, "").strip().lower() or words[0]
    if word not in words:
        raise ValueError(f"{name} is {word!r}; it is one of {', '.join(words)}.")
    return word


def mapping(name: str) -> dict[str, Any]:
    """
    A JSON object; an empty one without one.

    Raises ValueError for anything else, and does not repeat it.
    """
    try:
        value = json.loads(os.environ.get(name, "").strip() or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ValueError(f"{name} is no JSON object.") from None
    return value


def number(name: str, *, default: int = 0) -> int:
    """
    A whole number; the default without one.

    Raises ValueError for anything else.
    """
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isdecimal():
        raise ValueError(f"{name} is {text!r}; it is a whole number.")
    return int(text)


def secret_key(path: Path) -> str:
    """The SECRET_KEY variable, or a key of this machine made on first use."""
    if key := os.environ.get("SECRET_KEY", ""):
        return key
    if not path.exists():
        _create_secret(path)
    return path.read_text(encoding="ascii").strip()


def _create_secret(path: Path) -> None:
    """Write a new key that only its owner can read; of two processes, one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(50))
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def database(url: str, *, default: Path, pool: int = 0) -> dict[str, Any]:
    """
    The DATABASES entry for a URL; without one, a SQLite file.

    ``pool`` is how many connections to PostgreSQL a process holds at most; with
    0 each thread keeps one of its own. Raises ValueError for a scheme the
    project is not tested with, and for a pool where none is needed.
    """
    parts = urlsplit(url)
    if parts.scheme in {"postgres", "postgresql"}:
        return _pooled(_postgresql(url), pool) if pool else _postgresql(url)
    if pool:
        raise ValueError("DATABASE_POOL is for PostgreSQL; SQLite needs no pool.")
    if url and parts.scheme != "sqlite":
        raise ValueError(
            f"DATABASE_URL begins with {parts.scheme!r}: "
            "use postgresql://user@host/name or sqlite:///path"
        )
    # sqlite:///relative and sqlite:////absolute, as elsewhere
    path = Path(unquote(parts.path).removeprefix("/")) if url else default
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": None,  # threads that live long need not open it for every job
        "OPTIONS": SQLITE_OPTIONS,
        # Threads of the tests need a file: an in-memory database knows no WAL.
        "TEST": {"NAME": path.with_name("test.sqlite3")},
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    # A server that is being restarted must not hold a thread for minutes.
    options = {"connect_timeout": "3", **dict(parse_qsl(parts.query))}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),  # ?host= names a socket folder
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        # The threads that run tools keep their connections; asgi.py closes those of views.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


def _pooled(database: dict[str, Any], size: int) -> dict[str, Any]:
    """The same with the connections of Django's own pool, as docs/howto/deploy.md has it."""
    pool = {"min_size": 1, "max_size": size, "timeout": 3, "reconnect_timeout": 3}
    options = {**database["OPTIONS"], "pool": pool}
    return {**database, "CONN_MAX_AGE": 0, "OPTIONS": options}


def publishers(addresses: Sequence[str]) -> dict[str, str]:
    """The MCP_NCHAN_PUBLISHERS entries for some addresses, named in their order."""
    return {f"n{number}": address for number, address in enumerate(addresses)}


def bus(redis_url: str) -> dict[str, Any]:
    """The bus for what there is: Redis, else the database, which is always there."""
    name = "channel_layer.ChannelLayerBus" if redis_url else "database.DatabaseBus"
    return {"BACKEND": f"mcp_transport.bus.{name}"}
