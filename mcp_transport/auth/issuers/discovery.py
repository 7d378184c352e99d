"""Where an authorization server says what it is (RFC 8414, section 3; OpenID Connect Discovery)."""

from __future__ import annotations

from urllib.parse import urlsplit

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


def addresses_of(issuer: str) -> tuple[str, ...]:
    """
    Where the metadata of an issuer may stand, in the order of looking.

    As clients look (2026-07-28, basic/authorization/authorization-server-discovery).
    """
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    found = (f"{origin}{OAUTH}{path}", f"{origin}{OPENID}{path}", f"{origin}{path}{OPENID}")
    return tuple(dict.fromkeys(found))
