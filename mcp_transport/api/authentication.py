"""Who sends a request: a browser of the admin, or a program with a token for it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from mcp_transport.auth.errors import REFUSAL
from mcp_transport.auth.principal import Principal, present
from mcp_transport.models import Token
from mcp_transport.models.token import OPERATOR_SCOPE
from mcp_transport.models.token_value import digest, is_well_formed

LACKING = f"This token is not for operators: it has not the scope {OPERATOR_SCOPE!r}."


class OperatorTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer mcp_…`` with a token whose scopes name operators."""

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        """Give the token's owner, and what the token is good for."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        # No query for what was never issued.
        token = Token.objects.presented(digest(value.strip())) if is_well_formed(value) else None
        if token is None:
            raise AuthenticationFailed(REFUSAL)
        if OPERATOR_SCOPE not in token.scopes:
            raise PermissionDenied(LACKING)
        token.note_use()
        return token.owner, present(token)

    def authenticate_header(self, request: Request) -> str:
        """What a refusal asks for."""
        return 'Bearer realm="operators"'


class OperatorTokenScheme(OpenApiAuthenticationExtension):
    """How the document describes the token."""

    target_class = OperatorTokenAuthentication
    name = "operatorToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """See OpenApiAuthenticationExtension."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": f"A token with the scope `{OPERATOR_SCOPE}`.",
        }
