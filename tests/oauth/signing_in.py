"""A client that signs in over HTTP, and the browser of the user who lets it in."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.contrib.auth.models import User
from django.test import Client as Browser

PUBLIC_URL = "https://site.example"
RESOURCE = f"{PUBLIC_URL}/mcp/shop"
REDIRECT = "http://127.0.0.1:7777/callback"
VERIFIER = "v" * 60
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)
FORM = "application/x-www-form-urlencoded"


@dataclass
class SigningIn:
    """One client, and what it sends."""

    client_id: str
    browser: Browser = field(default_factory=lambda: Browser(enforce_csrf_checks=True))
    redirect_uri: str = REDIRECT
    resource: str = RESOURCE

    @property
    def request(self) -> dict[str, str]:
        """The parameters of a good request for a code."""
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "tools resources",
            "state": "a state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": self.resource,
        }

    def ask(self, **changed: Any) -> Any:
        """What the browser is shown; a parameter that is None is left out."""
        return self.browser.get(self.address(**changed))

    def address(self, **changed: Any) -> str:
        """Where the client sends the browser."""
        said = {k: v for k, v in {**self.request, **changed}.items() if v is not None}
        return f"/oauth/authorize?{urlencode(said, doseq=True)}"

    def answer(self, decision: str = "allow", scopes: tuple[str, ...] = (), **changed: Any) -> Any:
        """What follows when the user answers the form, by its buttons."""
        at = self.address(**changed)
        page = self.browser.get(at)
        assert page.status_code == 200, (page.status_code, page.headers.get("Location"))
        chosen = scopes or [scope for scope, _words in page.context["scopes"]]
        form = {
            "csrfmiddlewaretoken": page.context["csrf_token"],
            "decision": decision,
            "scope": chosen,
        }
        return self.browser.post(at, form)

    def code(self, **changed: Any) -> str:
        """A code that the user has agreed to."""
        said = told(self.answer(**changed))
        return said["code"]

    def token(self, **sent: Any) -> Any:
        """What the token endpoint answers; without the browser's cookies."""
        return post("/oauth/token", {"client_id": self.client_id, **sent})

    def redeem(self, code: str, **changed: Any) -> Any:
        """What it answers to a code."""
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
            "resource": self.resource,
        }
        return self.token(**{k: v for k, v in {**sent, **changed}.items() if v is not None})

    def refresh(self, refresh_token: str, **changed: Any) -> Any:
        """What it answers to a refresh token."""
        return self.token(grant_type="refresh_token", refresh_token=refresh_token, **changed)

    def tokens(self, **changed: Any) -> dict[str, Any]:
        """Both tokens of a login that goes well."""
        answer = self.redeem(self.code(**changed))
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found


def post(path: str, form: dict[str, Any]) -> Any:
    """Send a form as a program does."""
    return Browser().post(path, urlencode(form, doseq=True), content_type=FORM)


def told(response: Any) -> dict[str, str]:
    """What the client is told by an answer that goes to its redirect URI."""
    assert response.status_code == 303, (response.status_code, response.content[:500])
    query = parse_qs(urlsplit(response.headers["Location"]).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def register(**changed: Any) -> Any:
    """What the registration endpoint answers."""
    said = {"client_name": "A client", "redirect_uris": [REDIRECT], **changed}
    return Browser().post("/oauth/register", json.dumps(said), content_type="application/json")


def logged_in(user: User) -> Browser:
    """A browser in which a user has logged in."""
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(user)
    return browser
