"""Tests of mcp_transport.checks.openapi."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from mcp_transport.checks import openapi
from mcp_transport.conf import Settings as Declared

GOOD = {"document": "https://pets.example/openapi.json"}


def test_a_good_document_passes(settings: Settings) -> None:
    settings.MCP_OPENAPI = {"pets": GOOD}
    assert openapi.check_documents() == openapi.check_is_served() == []
    assert openapi.check_encryption() == []


def test_a_wrong_value_is_named(settings: Settings) -> None:
    settings.MCP_OPENAPI = {"pets": GOOD, "cats": {**GOOD, "timeout": 0}}
    (message,) = openapi.check_documents()
    assert message.id == "mcp.E041"
    assert message.msg.startswith("MCP_OPENAPI['cats']['timeout'] is 0")
    assert message.hint


def test_a_setting_that_is_no_dictionary_is_somebody_elses_error(settings: Settings) -> None:
    settings.MCP_OPENAPI = {"No Alias": GOOD}
    assert openapi.check_documents() == openapi.check_is_served() == []


def test_documents_without_their_source_are_pointed_out(settings: Settings) -> None:
    settings.MCP_OPENAPI = {"pets": GOOD}
    settings.MCP_SOURCES = Declared.MCP_SOURCES[:1]
    (message,) = openapi.check_is_served()
    assert message.id == "mcp.E042"


def test_documents_without_the_packages_are_pointed_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MCP_OPENAPI = {"pets": GOOD}
    monkeypatch.setattr(openapi, "PACKAGES", {"no_such_package": "NoSuch"})
    (message,) = openapi.check_is_served()
    assert message.id == "mcp.E043"
    assert "NoSuch" in message.msg


@pytest.mark.parametrize(
    ("given", "is_exposed"),
    [
        ({"document": "http://pets.example/a", "auth": {"bearer": "secret"}}, True),
        ({**GOOD, "base_url": "http://pets.example", "headers": {"X-Key": "secret"}}, True),
        ({"document": "http://127.0.0.1:1/a", "auth": {"bearer": "secret"}}, False),
        ({"document": "http://pets.example/a"}, False),
        ({**GOOD, "auth": {"bearer": "secret"}}, False),
    ],
)
def test_a_credential_in_the_clear_is_pointed_out(
    settings: Settings, given: dict[str, Any], is_exposed: bool
) -> None:
    settings.MCP_OPENAPI = {"pets": given}
    found = openapi.check_encryption()
    assert [message.id for message in found] == ["mcp.W040"] * is_exposed
    assert not any("secret" in message.msg for message in found)
