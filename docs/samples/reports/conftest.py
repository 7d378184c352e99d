"""A user, and a client that is that user."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

pytest_plugins = ["mcp_transport.testing.plugin"]


@pytest.fixture
def mcp_user(transactional_db):
    return User.objects.create(username="ada")
