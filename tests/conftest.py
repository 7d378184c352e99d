"""What tests of every layer start from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from mcp_transport.models import Server

pytest_plugins = ["mcp_transport.testing.plugin"]

# A busy machine makes a slow example, not a wrong one; failures belong into tests as examples.
hypothesis_settings.register_profile("project", deadline=None, database=None)
hypothesis_settings.load_profile("project")

TERMINATE_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """
    Make the test database, and at the end let go of it.

    The threads of sync_to_async keep their connections for as long as the
    process lives, and PostgreSQL drops no database that is in use.
    """
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(TERMINATE_OTHERS)


@pytest.fixture
def owner(db: None) -> User:
    """An ordinary user."""
    return User.objects.create_user("ada", "ada@example.com", "correct horse")


@pytest.fixture
def server(db: None) -> Server:
    """A server that offers everything to whoever has a token."""
    return Server.objects.create(slug="main", title="Main")
