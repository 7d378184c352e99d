"""Tests of mcp_transport.testing.plugin; its samples are run by tests/docs."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from mcp_transport.models import Server
from mcp_transport.testing import MODERN_REVISION, Client
from mcp_transport.testing.plugin import refuse_memory

ONLY_THE_CLIENT = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
from django.conf import settings
# Signing in is a choice of the site's, with packages of its own.
signing_in = {"oauth2_provider", "mcp_transport.oauth"}
settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app not in signing_in]
django.setup()
import mcp_transport.testing
print(sorted({"pytest", "time_machine", "httpx"} & set(sys.modules)))
"""


def connection(vendor: str, *, is_in_memory: bool) -> SimpleNamespace:
    return SimpleNamespace(vendor=vendor, alias="other", is_in_memory_db=lambda: is_in_memory)


def test_a_database_in_memory_is_refused_with_the_remedy() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"'other' .* 'test\.sqlite3'"):
        refuse_memory(connection("sqlite", is_in_memory=True))


@pytest.mark.parametrize(("vendor", "is_in_memory"), [("sqlite", False), ("postgresql", True)])
def test_other_databases_pass(vendor: str, is_in_memory: bool) -> None:
    refuse_memory(connection(vendor, is_in_memory=is_in_memory))


async def test_nothing_has_to_be_said_to_begin(
    mcp: Client, mcp_server: Server, mcp_revision: str
) -> None:
    assert mcp_revision == mcp.revision == MODERN_REVISION
    assert (mcp_server.access, mcp_server.offers) == ("public", ["*"])
    assert "repeat" in await mcp.tools()


def test_the_client_needs_neither_pytest_nor_a_clock() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ONLY_THE_CLIENT], capture_output=True, text=True, timeout=30
    )
    assert done.stdout.strip() == "[]", done.stderr
