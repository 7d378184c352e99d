"""
Where the operations of a document are called.

Credentials are sent there, so that a document that was fetched cannot say it
by itself: its server has the origin that the document came from, or the
setting names one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from mcp_transport.outgoing.configuration import origin_of, url_problem
from mcp_transport.sources.openapi.configuration import Configuration
from mcp_transport.sources.openapi.reading import DocumentError
from mcp_transport.sources.openapi.references import Unusable

VARIABLE = re.compile(r"\{([^{}]*)\}")
REMEDY = 'set "base_url"'
UNRESERVED = "-._~!$&'()*+,;=:@%"  # what stands in a path as it is, and escapes


def base_of(document: Mapping[str, Any], configuration: Configuration) -> str:
    """
    The URL that the paths of a document are below.

    Raises DocumentError for one that nobody vouches for.
    """
    if configuration.base_url is not None:
        return configuration.base_url.rstrip("/")
    named = server_url(document.get("servers"))
    fetched_from = configuration.url
    if fetched_from is None:
        if named is None or url_problem(named) or not named.startswith("https://"):
            raise DocumentError(f"it names no server with https; {REMEDY}")
        return checked_base(named)
    base = checked_base(urljoin(fetched_from, named or "/"))
    if origin_of(base) != origin_of(fetched_from):
        raise DocumentError(f"its server has another origin than the document itself; {REMEDY}")
    return base


def own_base(part: Mapping[str, Any], base: str, configuration: Configuration) -> str:
    """The URL of a path or operation that names a server of its own. Raises Unusable."""
    named = server_url(part.get("servers"))
    if named is None or configuration.base_url is not None:
        return base
    own = urljoin(configuration.url or f"{base}/", named)
    if url_problem(own) or origin_of(own) != origin_of(base):
        raise Unusable("it has a server of its own at another origin")
    return own.rstrip("/")


def server_url(servers: object) -> str | None:
    """The first of some servers, with its variables at their defaults."""
    first = servers[0] if isinstance(servers, list) and servers else None
    if not isinstance(first, dict) or not isinstance(first.get("url"), str):
        return None
    given = first.get("variables")
    variables = given if isinstance(given, dict) else {}

    def default(match: re.Match[str]) -> str:
        variable = variables.get(match[1])
        return str(variable.get("default", "")) if isinstance(variable, dict) else ""

    return VARIABLE.sub(default, first["url"])


def checked_base(url: str) -> str:
    """A URL that paths can be put behind. Raises DocumentError."""
    if url_problem(url) or urlsplit(url).query:
        raise DocumentError(f"its server is no plain URL of http or https; {REMEDY}")
    return url.rstrip("/")


def checked_path(path: str) -> str:
    """A path of a document, escaped but for its variables. Raises Unusable."""
    if not path.startswith("/") or any(c in path for c in "?#\\") or not path.isprintable():
        raise Unusable("its path does not begin with a slash, or has more than a path")
    if {".", ".."} & set(path.split("/")):
        raise Unusable("its path has a part of dots, which leads elsewhere")
    pieces = re.split(r"(\{[^{}/]+\})", path)
    return "".join(
        piece if index % 2 else quote(piece, safe=f"/{UNRESERVED}")
        for index, piece in enumerate(pieces)
    )


def variables_of(path: str) -> list[str]:
    """The variables of a path, in order."""
    return VARIABLE.findall(path)
