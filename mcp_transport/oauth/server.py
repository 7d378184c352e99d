"""The grammar of the token and revocation endpoints: oauthlib with the rules of this package."""

from __future__ import annotations

from functools import cache
from typing import Any

from oauth2_provider.oauth2_backends import OAuthLibCore
from oauthlib.oauth2 import WebApplicationServer

from mcp_transport.conf import settings
from mcp_transport.oauth.validator import Validator
from mcp_transport.oauth.values import new_access_token, new_refresh_token


@cache
def grammar() -> Any:
    """What reads requests and words answers, as ``oauth2_provider`` hands them over."""
    server = WebApplicationServer(
        Validator(),
        token_generator=lambda _request: new_access_token(),
        refresh_token_generator=lambda request: new_refresh_token(request.refresh_token or ""),
        token_expires_in=lambda _request: int(settings.MCP_OAUTH_ACCESS_TOKEN_LIFETIME),
    )
    return OAuthLibCore(server)
