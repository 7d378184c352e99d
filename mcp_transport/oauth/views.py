"""
What clients ask by themselves: metadata, registration, tokens, revocation.

Open to every page of a browser, and without its cookies: what is asked for here
is proved by what is sent.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from mcp_transport.conf import settings
from mcp_transport.limits.address import name_of
from mcp_transport.oauth.addresses import address_of, issuer
from mcp_transport.oauth.clients import BadMetadata, TooMany, described, register
from mcp_transport.oauth.scopes import WORDS
from mcp_transport.oauth.server import grammar
from mcp_transport.storage.rows import is_unavailable

MOST_BYTES = 8 * 1024  # of what a client says of itself
FORM = "application/x-www-form-urlencoded"
MAX_AGE = 300  # seconds for which metadata may be kept
SECRETS = ("code", "code_verifier", "refresh_token", "client_secret", "token")
AUTHENTICATION = ["none", "client_secret_basic", "client_secret_post"]


@method_decorator(
    (csrf_exempt, login_not_required, transaction.non_atomic_requests), name="dispatch"
)
class OpenView(View):
    """An endpoint that any page may ask, without credentials of the browser's."""

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Answer, with what lets any page read it."""
        response: Any
        try:
            response = super().dispatch(request, *args, **options)
        except AnyDatabaseError as error:
            if not is_unavailable(error):
                raise
            response = _error("temporarily_unavailable", "Try again in a moment.", status=503)
            response.headers["Retry-After"] = "1"
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def options(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        """Answer a browser that asks whether its page may."""
        response = HttpResponse(status=204)
        methods = [name.upper() for name in self.http_method_names if hasattr(self, name)]
        response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
        response.headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Type, MCP-Protocol-Version"
        )
        response.headers["Access-Control-Max-Age"] = "600"
        return response


class MetadataView(OpenView):
    """What the authorization server can, and where (RFC 8414)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Tell."""
        if not issuer():
            return _error("not_found", "MCP_PUBLIC_URL is not set.", status=404)
        response = JsonResponse(metadata())
        response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
        return response


class RegisterView(OpenView):
    """Where a client that nobody knows makes itself known (RFC 7591)."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Register a public client."""
        if not settings.MCP_OAUTH_REGISTRATION:
            return _error("access_denied", "Clients are registered by an operator.", status=403)
        try:
            client = described(_document(request))
            row = register(client, name_of((request.META.get("REMOTE_ADDR") or "",)))
        except BadMetadata as error:
            return _error(error.error, str(error))
        except TooMany:
            response = _error("slow_down", "Too many registrations; try again later.", status=429)
            response.headers["Retry-After"] = "900"
            return response
        said = {
            "client_id": row.client_id,
            "client_id_issued_at": int(row.created.timestamp()),
            "client_name": client.name,
            "redirect_uris": list(client.redirect_uris),
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        }
        return JsonResponse(said, status=201)


class _FormView(OpenView):
    """An endpoint that takes a form, all of it in the body."""

    @method_decorator((sensitive_post_parameters(*SECRETS), sensitive_variables()))
    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer the form."""
        if request.content_type != FORM:
            return _error("invalid_request", f"The body is {FORM}.")
        if request.GET:
            return _error("invalid_request", "Parameters go into the body.")
        headers, body, status = self.answered(request)
        response = HttpResponse(body or b"", status=status, content_type="application/json")
        for name in ("WWW-Authenticate", "Cache-Control", "Pragma"):
            if name in headers:
                response.headers[name] = headers[name]
        return response

    def answered(self, request: HttpRequest) -> tuple[dict[str, str], str, int]:
        """Give the headers, body and status that oauthlib answers with."""
        raise NotImplementedError


class TokenView(_FormView):
    """Where a code or a refresh token is exchanged for new tokens."""

    def answered(self, request: HttpRequest) -> tuple[dict[str, str], str, int]:
        """See _FormView.answered()."""
        _uri, headers, body, status = grammar().create_token_response(request)
        return headers, body, status


class RevokeView(_FormView):
    """Where a client gives its tokens back (RFC 7009)."""

    def answered(self, request: HttpRequest) -> tuple[dict[str, str], str, int]:
        """See _FormView.answered()."""
        _uri, headers, body, status = grammar().create_revocation_response(request)
        return headers, body, status


def metadata() -> dict[str, Any]:
    """What RFC 8414, section 2, has a member for."""
    hosts = settings.MCP_OAUTH_CLIENT_HOSTS
    told = {
        "issuer": issuer(),
        "authorization_endpoint": address_of("authorize"),
        "token_endpoint": address_of("token"),
        "revocation_endpoint": address_of("revoke"),
        "scopes_supported": list(WORDS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": AUTHENTICATION,
        "revocation_endpoint_auth_methods_supported": AUTHENTICATION,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": hosts is None or bool(hosts),
    }
    if settings.MCP_OAUTH_REGISTRATION:
        told["registration_endpoint"] = address_of("register")
    return told


def _document(request: HttpRequest) -> Any:
    """The JSON of a body that is not too long. Raises BadMetadata."""
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > MOST_BYTES:
        raise BadMetadata(f"The body is longer than {MOST_BYTES} bytes.")
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise BadMetadata(f"The body is longer than {MOST_BYTES} bytes.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadMetadata("The body is not JSON.") from None


def _error(error: str, description: str, *, status: int = 400) -> JsonResponse:
    return JsonResponse({"error": error, "error_description": description}, status=status)
