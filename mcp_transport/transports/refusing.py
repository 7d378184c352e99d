"""What goes with an HTTP status that refuses."""

from __future__ import annotations

from mcp_transport.auth.errors import AuthenticationError, InsufficientScope, NotPermitted
from mcp_transport.auth.permissions import challenge
from mcp_transport.auth.principal import SCOPE_OF_KIND
from mcp_transport.auth.resources import Needs, asked_for, authorization_servers, metadata_url
from mcp_transport.engine.directory import Directory, Offer
from mcp_transport.protocol.errors import ProtocolError, Refused
from mcp_transport.transports.security import Headers


def refusal_headers(error: ProtocolError, url: str, directory: Directory, slug: str) -> Headers:
    """
    The headers of a refusal; one for want of credentials says which the address takes.

    The directory has been asked for the server of the slug, if it came to that.
    """
    headers: Headers = ()
    if isinstance(error, Refused):
        pairs = error.headers.items()
        headers = tuple((name.lower().encode(), value.encode()) for name, value in pairs)
    if isinstance(error, AuthenticationError) and error.status in (401, 403):
        scope = _scope(error, directory.last_known(slug))
        told = challenge(url, error.error, scope, _metadata(slug))
        headers += ((b"www-authenticate", told.encode()),)
    return headers


def scopes_of(offer: Offer) -> Needs:
    """The scopes that cover all that a server offers."""
    catalog = offer.catalog
    kinds = (kind for kind in SCOPE_OF_KIND if catalog.of_kind(kind))
    return tuple((scope,) for scope in dict.fromkeys(SCOPE_OF_KIND[kind] for kind in kinds))


def _scope(error: AuthenticationError, offer: Offer | None) -> str:
    """What a credential would have to cover, where another one would help."""
    if error.needs:
        return asked_for(error.needs)
    is_wide = isinstance(error, InsufficientScope) or authorization_servers()
    if isinstance(error, NotPermitted) or offer is None or not is_wide:
        return ""
    return asked_for(scopes_of(offer))


def _metadata(slug: str) -> str:
    return metadata_url(slug) if authorization_servers() else ""
