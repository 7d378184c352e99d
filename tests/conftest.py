"""What tests of every layer start from."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from mcp_transport.models import Server


@pytest.fixture
def owner(db: None) -> User:
    """An ordinary user."""
    return User.objects.create_user("ada", "ada@example.com", "correct horse")


@pytest.fixture
def server(db: None) -> Server:
    """A server that offers everything to whoever has a token."""
    return Server.objects.create(slug="main", title="Main")
