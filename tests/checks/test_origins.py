"""Tests of mcp_transport.checks.origins."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from mcp_transport.checks.origins import check_origins

PROGRAM = {"command": ["env"]}
DOCUMENT = {"document": "https://petstore.example/openapi.json"}


@pytest.mark.parametrize(
    ("programs", "documents", "said"),
    [
        ("pets", "pets", "MCP_STDIO['pets'] has the alias of MCP_OPENAPI['pets'], so that"),
        ("pets_old", "pets", "MCP_STDIO['pets_old'] begins with the alias and _ of MCP_OPENAPI['"),
    ],
)
def test_an_alias_that_another_setting_has_is_refused(
    settings: Settings, programs: str, documents: str, said: str
) -> None:
    settings.MCP_STDIO = {"clock": PROGRAM, programs: PROGRAM}
    settings.MCP_OPENAPI = {documents: DOCUMENT, "books": DOCUMENT}
    (error,) = check_origins()
    assert error.id == "mcp.E025"
    assert error.msg.startswith(said)


def test_aliases_that_only_look_alike_are_none_of_its_business(settings: Settings) -> None:
    settings.MCP_STDIO = {"pet": PROGRAM, "petstore-old": PROGRAM, "pet_a": PROGRAM}
    settings.MCP_OPENAPI = {"petstore": DOCUMENT}
    assert check_origins() == []  # of two programs their own rule tells


def test_a_setting_that_is_wrong_is_told_elsewhere(settings: Settings) -> None:
    settings.MCP_STDIO = ["pets"]
    settings.MCP_OPENAPI = {"pets": "nonsense"}
    assert check_origins() == []
