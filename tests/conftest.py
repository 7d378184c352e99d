"""What tests of every layer start from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker
from xdist.scheduler import LoadFileScheduling

from mcp_transport.models import Server
from tests import emptying

pytest_plugins = ["mcp_transport.testing.plugin"]

# A busy machine makes a slow example, not a wrong one; failures belong into tests as examples.
hypothesis_settings.register_profile("project", deadline=None, database=None)
hypothesis_settings.load_profile("project")

# Who asks for one of these reaches the database, and is run on each of them.
REACHING = frozenset({"db", "transactional_db", "django_db_setup"})
BROWSER = "tests/browser/"

TERMINATE_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """
    Mark what reaches the database, and begin with what waits.

    Tests of real servers are long: at the end of a run the others would wait
    for them. The plugins that read the marks and sort do so in between.
    """
    for item in items:
        names = getattr(item, "fixturenames", ())
        if item.get_closest_marker("django_db") or not REACHING.isdisjoint(names):
            item.add_marker("database")
    yield
    items.sort(key=lambda item: item.get_closest_marker("server") is None)


class ByPlace(LoadFileScheduling):  # type: ignore[misc]  # has no types
    """The tests of a file share what it starts, so one process runs them all; or of a folder."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPlace | None:
    """Keep the tests of the browser together, so that there is one browser and one site."""
    return ByPlace(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """
    Make the test database, and at the end let go of it.

    The threads of sync_to_async keep their connections for as long as the
    process lives, and PostgreSQL drops no database that is in use.
    """
    yield
    emptying.let_go()
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
