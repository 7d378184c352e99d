"""
Which hosts and origins may reach an endpoint.

Host and Origin are checked each by itself: a page that rebinds its name to
this address sends a foreign Host, a foreign page a foreign Origin
(2026-07-28, basic/transports/streamable-http, Security & Endpoint).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from django.conf import settings as django_settings
from django.http.request import split_domain_port, validate_host

from mcp_transport.conf import settings
from mcp_transport.protocol.errors import Refused
from mcp_transport.protocol.headers import LAST_EVENT_ID, SESSION_ID
from mcp_transport.protocol.shortening import shortened, shown

LOOPBACK = (".localhost", "127.0.0.1", "[::1]")
CACHE_LIMIT = 1000
LONGEST_KEPT = 600  # bytes of a Host and an Origin together; names have 253 at most

ALLOWED_HEADERS = (
    "Accept, Authorization, Content-Type, Last-Event-ID, MCP-Protocol-Version, "
    "Mcp-Method, Mcp-Name, Mcp-Session-Id"
)
EXPOSED_HEADERS = b"Mcp-Session-Id, WWW-Authenticate"
PREFLIGHT_MAX_AGE = b"600"  # seconds
MAX_PARAMETERS = 50  # Mcp-Param-* headers that one preflight can ask for

_PARAMETER = re.compile(r"mcp-param-[!#$%&'*+.^_`|~0-9a-z-]+", re.IGNORECASE)  # RFC 9110, tchar

Headers = tuple[tuple[bytes, bytes], ...]
Key = tuple[bytes | None, bytes | None]
Verdict = bool | str  # whether a page may call, or why nobody may


class Gate:
    """
    Decides by Host and Origin, and remembers what it decided.

    Browser pages get their cross-origin headers from here too.
    """

    def __init__(self, hosts: Sequence[str], origins: Sequence[str]) -> None:
        self._hosts = hosts
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._verdicts: dict[Key, Verdict] = {}

    @classmethod
    def from_settings(cls) -> Gate:
        """The gate that MCP_ALLOWED_HOSTS and MCP_ALLOWED_ORIGINS describe."""
        hosts = settings.MCP_ALLOWED_HOSTS
        if hosts is None:
            hosts = django_settings.ALLOWED_HOSTS
        if not hosts and django_settings.DEBUG:
            hosts = LOOPBACK  # as Django itself does
        return cls(hosts, settings.MCP_ALLOWED_ORIGINS)

    def admits(self, host: bytes | None, origin: bytes | None) -> bool:
        """
        Whether a sender may call every server of the site.

        A page that may not can still be welcome to one: see check_origin().
        Raises Refused for a host that is not ours.
        """
        key = (host, origin)
        verdict = self._verdicts.get(key)
        if verdict is None:
            verdict = self._judge(host, origin)
            self._keep(key, verdict)
        if isinstance(verdict, str):
            raise Refused(403, verdict)
        return verdict

    def _keep(self, key: Key, verdict: Verdict) -> None:
        if len(self._verdicts) >= CACHE_LIMIT:
            self._verdicts.clear()
        if sum(len(part or b"") for part in key) <= LONGEST_KEPT:
            self._verdicts[key] = verdict

    def _judge(self, raw_host: bytes | None, raw_origin: bytes | None) -> Verdict:
        """Whether the origin may call, or what is wrong with the host."""
        host = (raw_host or b"").decode("latin-1")
        domain, _port = split_domain_port(host)
        if not domain or not validate_host(domain, self._hosts):
            return (
                f"Host {shown(host)} is not served here; add it to ALLOWED_HOSTS if it should be."
            )
        if raw_origin is None:
            return True
        return self._allows(raw_origin.decode("latin-1").lower(), host.lower())

    def _allows(self, origin: str, host: str) -> bool:
        if origin in self._origins:
            return True
        scheme, _, authority = origin.partition("://")
        return scheme in ("http", "https") and authority == host


def check_origin(raw: bytes, allowed: Collection[str] | None) -> None:
    """Raises Refused for a page that neither the site nor the server lets call."""
    origin = raw.decode("latin-1")
    if not allowed or origin.lower() not in allowed:
        raise Refused(
            403,
            f"Origin {shown(origin)} may not call; add it to MCP_ALLOWED_ORIGINS, or to the"
            " allowed origins of the server, if it should.",
        )


def is_same_origin(host: bytes | None, origin: bytes | None) -> bool:
    """Whether a page of the site itself sent this; without an Origin, nobody knows."""
    scheme, _, authority = (origin or b"").lower().partition(b"://")
    return scheme in (b"http", b"https") and authority == (host or b"").lower()


def cors(origin: bytes | None) -> Headers:
    """What lets a page of an origin, already checked, read the answer."""
    if origin is None:
        return ()
    return (
        # Without Allow-Credentials: a page sends a token of its own, no browser adds a cookie.
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", EXPOSED_HEADERS),
        (b"vary", b"Origin"),
    )


def preflight(asked: bytes | None) -> Headers:
    """What a page that may call may send; goes with cors() (Fetch, CORS protocol)."""
    allowed = ALLOWED_HEADERS + _parameters(asked)
    return (
        (b"access-control-allow-methods", b"POST, GET, DELETE, OPTIONS"),
        (b"access-control-allow-headers", allowed.encode()),
        (b"access-control-max-age", PREFLIGHT_MAX_AGE),
    )


def _parameters(asked: bytes | None) -> str:
    """The Mcp-Param-* headers of a preflight, which cannot be listed beforehand."""
    names = (name.strip() for name in (asked or b"").decode("latin-1").split(","))
    wanted = [name for name in names if _PARAMETER.fullmatch(name)]
    return "".join(f", {name}" for name in wanted[:MAX_PARAMETERS])


def duplicates_of(raw: Sequence[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """The names that stand in more than one line."""
    counts = Counter(name for name, _value in raw)
    return frozenset(name for name, count in counts.items() if count > 1)


def refuse_duplicates(names: frozenset[bytes]) -> None:
    """Raises Refused for a header whose first and last line could be taken for different things."""
    if not names.isdisjoint((b"host", b"origin")):
        raise Refused(403, "Host and Origin stand once in a request.")
    if not names.isdisjoint((b"authorization", b"content-type", SESSION_ID, LAST_EVENT_ID)):
        twice = ", ".join(sorted(name.decode("latin-1") for name in names))
        raise Refused(
            400, f"A request has each header once; these stand twice: {shortened(twice)}."
        )
