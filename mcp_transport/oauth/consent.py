"""
The authorization endpoint: who logs in is asked whether to let a client in.

Nothing skips the question, and nothing of the answer is taken from the form
but which of the scopes were ticked: the request itself stays in the address,
and is examined again when the answer comes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import global_settings
from django.conf import settings as django_settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.templatetags.static import static
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from oauthlib.oauth2.rfc6749.errors import FatalClientError, OAuth2Error

from mcp_transport.auth.resources import resource_url, slug_of
from mcp_transport.limits.address import name_of
from mcp_transport.models import Server
from mcp_transport.oauth import documents, redirects
from mcp_transport.oauth.addresses import issuer
from mcp_transport.oauth.clients import TooMany
from mcp_transport.oauth.models import Connection
from mcp_transport.oauth.scopes import in_words
from mcp_transport.oauth.server import grammar
from mcp_transport.oauth.validator import client_of, may_redirect
from mcp_transport.page_policy import page_policy

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # of S256: 256 bits
LONGEST_STATE = 2000
CSS = "mcp_transport/page.css"
FOLDER = "mcp_transport/oauth"
UNKNOWN = "This site does not know the application that sent you here."
ELSEWHERE = "The application wants its answer where it may not have it."
#: What is said of oauthlib's errors that cannot be told to the client.
WORDS = {
    "InvalidClientIdError": UNKNOWN,
    "MissingClientIdError": UNKNOWN,
    "MismatchingRedirectURIError": ELSEWHERE,
    "InvalidRedirectURIError": ELSEWHERE,
    "MissingRedirectURIError": "The application does not say where it wants its answer.",
}


class Refused(Exception):
    """The request is refused on a page: nobody knows where else an answer could go."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


class Answer(Exception):
    """What is sent to the client, by the user's browser."""

    def __init__(self, redirect_uri: str, parameters: dict[str, str]) -> None:
        super().__init__("an answer")  # the parameters hold a code
        self.redirect_uri = redirect_uri
        self.parameters = parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that may be put to the user."""

    client: Any
    server: Server
    resource: str
    scopes: list[str]
    redirect_uri: str
    challenge: str
    state: str


@method_decorator((login_not_required, never_cache, csrf_protect), name="dispatch")
class AuthorizeView(View):
    """What a client sends a browser to."""

    http_method_names = ("get", "post")

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Have the reader log in first; nothing is looked at before."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), login_url())
        response: Any
        try:
            response = super().dispatch(request, *args, **options)
        except Refused as refused:
            response = _page(request, "refused", {"words": refused.words}, status=refused.status)
        except Answer as answer:
            response = _sent(answer)
        return guarded(response)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask."""
        return _question(request, examined(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take the answer."""
        asked = examined(request)
        if request.POST.get("decision") != "allow":
            raise error_of(asked.redirect_uri, asked.state, "access_denied")
        chosen = [scope for scope in asked.scopes if scope in request.POST.getlist("scope")]
        if not chosen:
            return _question(request, asked, problem="Choose what it may do, or turn it away.")
        code = Connection.objects.approve(
            user=request.user,
            client=asked.client,
            server=asked.server,
            resource=asked.resource,
            scopes=chosen,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
        )
        raise _answer(asked.redirect_uri, asked.state, {"code": code})


def examined(request: HttpRequest) -> Asked:
    """
    Read a request for a code.

    Raises Refused when it does not say for certain whom to answer, and Answer
    for what the client is told.
    """
    try:
        documents.refresh(request.GET.get("client_id", ""), name_of((_address(request),)))
    except TooMany:
        words = "Too many new clients came from your address; try again in an hour."
        raise Refused(words, 429) from None
    scopes, said = _grammatical(request)
    redirect_uri, state = said["redirect_uri"], said["state"] or ""
    client = client_of(said["client_id"])
    if len(state) > LONGEST_STATE:
        raise Refused("The application's state is too long.")
    if said.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(
        said["code_challenge"]
    ):
        raise error_of(redirect_uri, state, "invalid_request", "PKCE is required, with S256.")
    if request.GET.get("response_mode", "query") != "query":
        raise error_of(redirect_uri, state, "invalid_request", "The answer comes in the query.")
    server, resource = _target(request, redirect_uri, state)
    return Asked(
        client=client,
        server=server,
        resource=resource,
        scopes=scopes,
        redirect_uri=redirect_uri,
        challenge=said["code_challenge"],
        state=state,
    )


def _grammatical(request: HttpRequest) -> tuple[list[str], dict[str, Any]]:
    """What oauthlib makes of a request. Raises Refused, Answer."""
    # Of the address alone, also when a form comes with it.
    uri = f"{request.path}?{request.GET.urlencode()}"
    try:
        scopes, said = grammar().server.validate_authorization_request(uri, http_method="GET")
    except FatalClientError as error:
        raise Refused(_explained(error)) from None
    except OAuth2Error as error:
        client = client_of(request.GET.get("client_id"))
        if client is None or not may_redirect(client, error.redirect_uri or ""):
            raise Refused(_explained(error)) from None
        state = (error.state or "")[:LONGEST_STATE]
        raise error_of(error.redirect_uri, state, error.error, error.description) from None
    except ValueError:
        raise Refused("The application's request is not written as a query is.") from None
    return list(scopes), said


def _target(request: HttpRequest, redirect_uri: str, state: str) -> tuple[Server, str]:
    """The one server that a request is about. Raises Answer, Refused."""
    named = request.GET.getlist("resource")
    slug = slug_of(named[0]) if len(named) == 1 else None
    server = None if slug is None else _server(slug)
    if server is None or slug is None:
        words = "The resource is one server of this site, by the address that its metadata gives."
        raise error_of(redirect_uri, state, "invalid_target", words)
    needed = server.permission if server.access == Server.Access.PERMISSION else ""
    if needed and not request.user.has_perm(needed):
        raise Refused(f"You may not use {server}; whoever runs this site can change that.", 403)
    return server, resource_url(slug)


def _server(slug: str) -> Server | None:
    rows = Server.objects.filter(is_enabled=True)
    return (rows.filter(slug=slug) if slug else rows.filter(is_default=True)).first()


def error_of(redirect_uri: str, state: str, error: str, description: str = "") -> Answer:
    """An error for the client (RFC 6749, section 4.1.2.1)."""
    said = {"error": error}
    if description:
        said["error_description"] = description
    return _answer(redirect_uri, state, said)


def _answer(redirect_uri: str, state: str, said: dict[str, str]) -> Answer:
    # RFC 9207: with it a client notices an answer that another server gave.
    parameters = {**said, "iss": issuer()}
    if state:
        parameters["state"] = state
    return Answer(redirect_uri, parameters)


def _sent(answer: Answer) -> HttpResponse:
    # Not HttpResponseRedirect, which knows no private schemes; 303: what was posted stays here.
    response = HttpResponse(status=303)
    response.headers["Location"] = redirects.extended(answer.redirect_uri, answer.parameters)
    return response


def _question(request: HttpRequest, asked: Asked, problem: str = "") -> HttpResponse:
    client_host = urlsplit(asked.client.client_id).hostname
    is_checked = asked.client.registration_source != "dcr"
    context = {
        "asked": asked,
        "scopes": [(scope, in_words(scope)) for scope in asked.scopes],
        "client_host": client_host if asked.client.client_id.startswith("https://") else "",
        "is_unknown": not is_checked,
        "place": redirects.place(asked.redirect_uri),
        "is_local": redirects.is_local(asked.redirect_uri),
        "problem": problem,
        "site": urlsplit(issuer()).netloc,
    }
    response = _page(request, "consent", context)
    # Browsers hold a form's redirects against this, too.
    ours = page_policy().replace(
        "form-action 'self'", f"form-action 'self' {redirects.origin(asked.redirect_uri)}"
    )
    response.headers["Content-Security-Policy"] = ours
    return response


def _page(
    request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    shown = {"css": static(CSS), **context}
    return render(request, f"{FOLDER}/{name}.html", shown, status=status)


def guarded(response: HttpResponse) -> HttpResponse:
    """The response as no other page can show it, and nobody keeps it or learns its address."""
    response.headers.setdefault("Content-Security-Policy", page_policy())
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def login_url() -> str:
    """The site's own page to log in, or the admin's where there is none."""
    own = resolve_url(django_settings.LOGIN_URL)
    if django_settings.LOGIN_URL == global_settings.LOGIN_URL:
        try:
            resolve(own)
        except Resolver404:
            return _admin_login() or own
    return own


def _admin_login() -> str:
    try:
        return reverse("admin:login")
    except NoReverseMatch:
        return ""


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR") or "")


def _explained(error: Any) -> str:
    return WORDS.get(type(error).__name__, "The application's request is not valid.")
