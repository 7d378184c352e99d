"""
What servers are called as OAuth's protected resources, and who issues tokens for them.

By settings alone: what a request says of the site's name is a client's word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.validators import slug_re

from mcp_transport.auth.principal import NOTHING
from mcp_transport.conf import settings

WELL_KNOWN = "/.well-known/oauth-protected-resource"  # RFC 9728, section 3
#: The scopes that tokens of authorization servers may have; ``tool:<name>`` beside them.
SCOPES = ("tools", "tools:read", "resources", "prompts")
SAME_WORDS: Mapping[str, str] = {scope: scope for scope in SCOPES}
DEFAULT = ""  # in place of the slug of the default server

Needs = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """One that clients of this site may log in at."""

    issuer: str
    words: Mapping[str, str] = field(default_factory=lambda: SAME_WORDS)  # its scope for ours
    has_tool_scopes: bool = False  # whether it knows tool:<name>
    given: frozenset[str] = NOTHING  # what every token of it covers, whatever it says

    def word_for(self, alternatives: Sequence[str]) -> str:
        """Its word for the first of our scopes that it has; empty for none, or if none is needed."""
        if not self.given.isdisjoint(alternatives):
            return ""
        words = (self._word(scope) for scope in alternatives)
        return next((word for word in words if word), "")

    def grants(self, scope: str) -> bool:
        """Whether its tokens can have a scope of ours, or have it whatever they say."""
        return scope in self.given or bool(self._word(scope))

    def _word(self, scope: str) -> str:
        if scope.startswith("tool:"):
            return scope if self.has_tool_scopes else ""
        return self.words.get(scope, "")


Find = Callable[[], Iterable[AuthorizationServer]]
_announced: list[Find] = []


def announce_authorization_servers(find: Find) -> Callable[[], None]:
    """
    Have some named to clients, as long as ``find`` gives them.

    What is returned takes it back.
    """
    _announced.append(find)
    return lambda: _announced.remove(find)


def announced() -> tuple[AuthorizationServer, ...]:
    """Those that the site means to have its clients log in at."""
    return tuple(server for find in _announced for server in find())


def authorization_servers() -> tuple[AuthorizationServer, ...]:
    """Those that issue tokens for this site; none without MCP_PUBLIC_URL."""
    return announced() if settings.MCP_PUBLIC_URL else ()


def resource_url(slug: str) -> str:
    """
    The canonical URL of a server, of the default one for an empty slug.

    Empty without MCP_PUBLIC_URL.
    """
    return f"{_origin()}{_path(slug)}" if settings.MCP_PUBLIC_URL else ""


def slug_of(resource: str) -> str | None:
    """
    The slug of the server that a resource URL names, empty for the default one.

    Exactly, but for the case of scheme and host (RFC 3986, section 6.2.2.1);
    None for whatever else.
    """
    origin, below = _origin(), settings.MCP_PATH + "/"
    if not origin or _folded(resource)[: len(origin)] != origin:
        return None
    path = resource[len(origin) :]
    if path == settings.MCP_PATH:
        return DEFAULT
    slug = path.removeprefix(below) if path.startswith(below) else ""
    return slug if slug and slug_re.match(slug) else None


def metadata_url(slug: str) -> str:
    """Where the metadata of a server stands."""
    return f"{_origin()}{WELL_KNOWN}{_path(slug)}"


def asked_for(needs: Needs) -> str:
    """
    The scopes of a challenge: what a client would ask its authorization server for.

    Without one, the narrowest of each group, for whoever issues a token.
    """
    servers = authorization_servers()
    if servers:
        groups = [_for_all(servers, group) for group in needs]
        words = [server.word_for(group) for group in groups for server in servers]
    else:
        words = [group[0] for group in needs]
    return " ".join(dict.fromkeys(word for word in words if word))


def _for_all(servers: Sequence[AuthorizationServer], group: Sequence[str]) -> Sequence[str]:
    """Of some scopes those that every authorization server grants: a client asks one of them."""
    return [scope for scope in group if all(server.grants(scope) for server in servers)] or group


def _path(slug: str) -> str:
    return f"{settings.MCP_PATH}/{slug}" if slug else settings.MCP_PATH


def _origin() -> str:
    return _folded(settings.MCP_PUBLIC_URL or "")


def _folded(url: str) -> str:
    """The URL with scheme and host in small letters."""
    end = re.search(r"[/?#]", url[url.find("://") + 3 :]) if "://" in url else None
    length = len(url) if end is None else url.find("://") + 3 + end.start()
    return url[:length].lower() + url[length:]
