"""The remote servers that the settings name, and what of them is offered under which name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar, Literal

from mcp_transport.conf import settings
from mcp_transport.outgoing.configuration import SHORTEST_SECRET, basic
from mcp_transport.sources.foreign.configuration import usable
from mcp_transport.sources.foreign.origin import Origin, prefixed
from mcp_transport.sources.remote.configuration import SETTING, problems

logger = logging.getLogger("mcp_transport.remote")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """How a token is asked for (RFC 6749, section 4.4)."""

    token_url: str = field(repr=False)
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    scope: str | None = None
    resource: str | None = None  # RFC 8707; the server's own URL unless it is named
    client_auth: Literal["basic", "post"] = "basic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream(Origin):
    """A remote server."""

    setting: ClassVar[str] = SETTING
    source: ClassVar[str] = "remote"
    noun: ClassVar[str] = "remote server"
    units: ClassVar[str] = "sessions"
    complaint: ClassVar[str] = "cannot be reached"

    per: Literal["principal", "session", "process"] = "process"
    url: str = field(repr=False)  # may hold a secret
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    password: str = field(default="", repr=False)  # which stands in a header in another form
    grant: Grant | None = None
    prefix: str | None = None
    names: tuple[tuple[str, str], ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    refresh: float = 300.0  # seconds between two looks at what it lists
    max_calls: int = 32
    max_sessions: int = 100
    private_hosts: frozenset[str] = frozenset()
    ca_file: str | Path | None = None

    @property
    def most_units(self) -> int:
        """See Origin.most_units."""
        return self.max_sessions

    @property
    def owner(self) -> str:
        """See Origin.owner; a word that no app's label can be."""
        return f"{self.source}.{self.alias}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no answer may repeat."""
        texts = {value for _name, value in self.headers}
        texts |= {value.partition(" ")[2] for value in texts}  # a credential without its scheme
        texts.add(self.password)
        if self.grant is not None:
            texts.add(self.grant.client_secret)
        return tuple(sorted((t for t in texts if len(t) >= SHORTEST_SECRET), key=len, reverse=True))

    def public_name(self, name: str) -> str:
        """See Origin.public_name()."""
        own = f"{self.alias}_" if self.prefix is None else self.prefix
        return dict(self.names).get(name) or prefixed(own, name)

    def offers(self, subject: Any) -> bool:
        """See Origin.offers()."""
        name = str(subject)
        is_included = not self.include or any(fnmatchcase(name, p) for p in self.include)
        return is_included and not any(fnmatchcase(name, p) for p in self.exclude)


def upstreams() -> tuple[Upstream, ...]:
    """Those of the settings; one that ``manage.py check`` refuses is left out."""
    good = usable(SETTING, settings.MCP_REMOTE, problems, noun="remote server", logger=logger)
    return tuple(_upstream(alias, given) for alias, given in good)


def _upstream(alias: str, options: Mapping[str, Any]) -> Upstream:
    taken = dict(options)
    auth = taken.pop("auth", None) or {}
    headers = dict(taken.pop("headers", {}))
    if "bearer" in auth:
        headers["Authorization"] = f"Bearer {auth['bearer']}"
    if "basic" in auth:
        headers["Authorization"] = f"Basic {basic(*auth['basic'])}"
        taken["password"] = auth["basic"][1]
    grant = Grant(**auth["client_credentials"]) if "client_credentials" in auth else None
    for name in ("include", "exclude", "roots"):
        taken[name] = tuple(taken.get(name, ()))
    taken["names"] = tuple(taken.get("names", {}).items())
    hosts = taken.get("private_hosts", ())
    taken["private_hosts"] = frozenset(host.lower().strip("[]") for host in hosts)
    return Upstream(alias=alias, headers=tuple(headers.items()), grant=grant, **taken)
