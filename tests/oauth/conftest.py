"""What the tests of signing in start from."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from mcp_transport.models import Server
from tests.oauth.signing_in import PUBLIC_URL, SigningIn, logged_in, register


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    """The site is an authorization server, under an address that no request names."""
    settings.ROOT_URLCONF = "tests.oauth.urls"
    settings.MCP_PUBLIC_URL = PUBLIC_URL


@pytest.fixture
def shop(db: None) -> Server:
    """A server that asks for a user."""
    return Server.objects.create(slug="shop", title="The shop")


@pytest.fixture
def client_id(shop: Server) -> str:
    """A client that has registered itself."""
    answer = register()
    assert answer.status_code == 201, answer.content
    found: str = answer.json()["client_id"]
    return found


@pytest.fixture
def signing_in(owner: User, client_id: str) -> SigningIn:
    """That client, and a browser in which a user has logged in."""
    return SigningIn(client_id, browser=logged_in(owner))
