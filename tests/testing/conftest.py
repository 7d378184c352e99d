"""The package's fixtures, judged by the official schemas, with entries of the tests' own app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mcp_transport import tool
from mcp_transport.models import Server
from mcp_transport.registry.registry import registry
from mcp_transport.testing import REVISIONS, Client, Site
from tests.schema import check_message

Register = Callable[..., Callable[..., Any]]
EVERY_REVISION = pytest.mark.parametrize("mcp_revision", REVISIONS)


@pytest.fixture
def register() -> Iterator[Register]:
    """The decorator, for tools that go away with the test."""
    with registry.registered_temporarily():
        yield tool


@pytest.fixture
def mcp(mcp_site: Site, mcp_server: Server, mcp_revision: str, mcp_user: Any) -> Client:
    """A client that refuses what the schema of its revision does not allow."""
    return mcp_site.client(
        mcp_server.slug, revision=mcp_revision, user=mcp_user, check=check_message
    )
