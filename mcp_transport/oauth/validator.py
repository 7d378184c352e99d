"""
The rules of the authorization server, as oauthlib asks for them.

Of ``oauth2_provider`` it takes how clients are found and authenticate, and
nothing that its settings can change: PKCE is required with S256, codes and
refresh tokens are good once, redirects are exact, and nothing is fetched.
"""

from __future__ import annotations

from typing import Any, Never

from oauth2_provider.models import get_application_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, InvalidGrantError

from mcp_transport.auth.resources import resource_url, slug_of
from mcp_transport.models.token_value import digest
from mcp_transport.oauth import redirects, scopes, values
from mcp_transport.oauth.clients import SELF_REGISTERED, UNMATCHED
from mcp_transport.oauth.models import Connection

Reason = Connection.Reason
LONGEST_CLIENT_ID = 255


class Validator(OAuth2Validator):
    """Answers oauthlib's questions about one request at a time; keeps nothing itself."""

    # Clients ---------------------------------------------------------------

    def _load_application(self, client_id: str | None, request: Any) -> Any:
        """The client of a request; one that is registered, and for this flow."""
        client = request.client
        if client is None or client.client_id != client_id:
            client = request.client = client_of(client_id)
        return client

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        """Whether a client's secret is right; who has none is not worth hashing what anybody sends."""
        if stored_secret.startswith(UNMATCHED):
            return False
        return bool(super()._check_secret(provided_secret, stored_secret))

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Whether tokens can be had so."""
        return grant_type in {"authorization_code", "refresh_token"}

    def validate_response_type(
        self, client_id: str, response_type: str, client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Whether an answer can be had so: as a code."""
        return response_type == "code"

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Whether the client may have its answer there."""
        return may_redirect(request.client, redirect_uri)

    def get_default_redirect_uri(
        self, client_id: str, request: Any, *_: Any, **__: Any
    ) -> str | None:
        """The one that was named before; a request for a code has to name it."""
        connection = getattr(request, "connection", None)
        return None if connection is None else connection.redirect_uri

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        """Of every client."""
        return True

    # Scopes ----------------------------------------------------------------

    def get_default_scopes(self, client_id: str, request: Any, *_: Any, **__: Any) -> list[str]:
        """What is asked for by who names nothing."""
        return list(scopes.DEFAULT)

    def validate_scopes(
        self, client_id: str, asked: list[str], client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Whether any of what is asked for means something; the rest is left out."""
        request.scopes = scopes.known(asked)
        return bool(request.scopes)

    # Codes -----------------------------------------------------------------

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Whether a code is good; one that was presented before ends what came of it."""
        if not values.is_well_formed(code, values.CODE):
            return False
        connection = Connection.objects.of_code(code)
        if connection is None or connection.client_id != client.pk:
            return False
        if connection.redeemed_at is not None:
            connection.revoke(Reason.CODE_REPLAYED)
            return False
        return connection.is_code_good and _take(request, connection)

    def get_code_challenge(self, code: str, request: Any) -> Any:
        """What the verifier has to fit."""
        return request.connection.code_challenge

    def get_code_challenge_method(self, code: str, request: Any) -> str:
        """How: there is only one."""
        return "S256"

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any,
        *_: Any, **__: Any,
    ) -> bool:  # fmt: skip
        """Whether it is the one that the code was sent to."""
        return bool(redirect_uri == request.connection.redirect_uri)

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Any, *_: Any, **__: Any
    ) -> None:
        """Nothing is left to do: it was redeemed when its tokens were saved."""

    def save_authorization_code(
        self, client_id: str, code: Any, request: Any, *_: Any, **__: Any
    ) -> Never:
        """Codes are made of a consent alone."""
        raise NotImplementedError("mcp_transport.oauth.consent makes codes.")

    # Tokens ----------------------------------------------------------------

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Whether a refresh token is good; one that was used before ends its whole family."""
        if not values.family_of(refresh_token):
            return False
        connection = Connection.objects.of_family(refresh_token)
        if connection is None or connection.client_id != client.pk:
            return False
        if connection.refresh_digest != digest(refresh_token):
            connection.revoke(Reason.REFRESH_REPLAYED)
            return False
        return connection.is_live and _take(request, connection)

    def get_original_scopes(
        self, refresh_token: str, request: Any, *_: Any, **__: Any
    ) -> list[str]:
        """What the user agreed to."""
        return list(request.connection.scopes)

    def is_within_original_scope(
        self, request_scopes: list[str], refresh_token: str, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Whether no more is asked for, of what means anything."""
        return set(scopes.known(request_scopes)) <= set(request.connection.scopes)

    def rotate_refresh_token(self, request: Any) -> bool:
        """Always."""
        return True

    def save_bearer_token(self, token: dict[str, Any], request: Any, *_: Any, **__: Any) -> None:
        """Keep new tokens in exchange for what was presented, unless somebody else was faster."""
        connection = request.connection
        pair = token["access_token"], token["refresh_token"]
        if request.grant_type == "refresh_token":
            is_done = connection.rotate(request.refresh_token, *pair)
            reason = Reason.REFRESH_REPLAYED
        else:
            is_done = connection.redeem(*pair)
            reason = Reason.CODE_REPLAYED
        if not is_done:
            connection.revoke(reason)
            raise InvalidGrantError(request=request)
        token["scope"] = " ".join(connection.scopes)

    def revoke_token(
        self, token: str, token_type_hint: str | None, request: Any, *_: Any, **__: Any
    ) -> None:
        """End the connection that a token of the client belongs to (RFC 7009)."""
        found = Connection.objects.filter(client=request.client)
        if values.is_well_formed(token, values.REFRESH):
            found = found.filter(family_digest=values.family_digest(token))
        else:
            found = found.filter(access_digest=digest(token))
        found.revoke(Reason.CLIENT)

    def validate_bearer_token(self, token: str, scopes: Any, request: Any) -> bool:
        """Not here: the endpoints of servers ask their own authenticators."""
        return False


def client_of(client_id: str | None) -> Any:
    """The registered client with an id, if it may ask for codes."""
    if not client_id or len(client_id) > LONGEST_CLIENT_ID or "\x00" in client_id:
        return None
    model = get_application_model()
    kinds = (SELF_REGISTERED, model.GRANT_AUTHORIZATION_CODE)
    return model.objects.filter(client_id=client_id, authorization_grant_type__in=kinds).first()


def may_redirect(client: Any, uri: str) -> bool:
    """Whether a client's codes may be sent there: it has registered that, and the site allows it."""
    registered = client.redirect_uris.split()
    return not redirects.problem(uri) and any(redirects.fits(uri, known) for known in registered)


def canonical(asked: list[str]) -> str:
    """The resource that a request names, if that is one and a server of this site; or nothing."""
    slug = slug_of(asked[0]) if len(asked) == 1 else None
    return "" if slug is None else resource_url(slug)


def _take(request: Any, connection: Connection) -> bool:
    """Let a request go on for a connection, if its user may and it means the same resource."""
    named = [value for name, value in request.decoded_body or () if name == "resource"]
    if named and canonical(named) != connection.resource:
        raise CustomOAuth2Error(
            error="invalid_target",
            description="The user let the client in to another resource.",
            request=request,
        )
    request.connection, request.user = connection, connection.user
    request.scopes = list(connection.scopes)
    return bool(connection.user.is_active)
