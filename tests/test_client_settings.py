"""The settings that are printed for clients."""

from __future__ import annotations

import ast
import json

import pytest

from mcp_transport.client_settings import client_settings, snippets

URL = "http://127.0.0.1:8000/mcp/demo"


def sections(text: str) -> dict[str, str]:
    """What stands under each heading."""
    parts = [part.partition("\n") for part in text.split("# ")[1:]]
    return {heading.partition(",")[0]: body.strip() for heading, _, body in parts}


def test_every_client_is_told_the_address_and_the_token() -> None:
    found = sections(client_settings("demo", URL, "mcp_value"))
    assert found.keys() == {"Claude Code", "Claude Desktop", "Cursor", "VS Code"}
    for text in found.values():
        assert URL in text
        assert "Bearer mcp_value" in text


def test_what_goes_into_a_json_file_is_json() -> None:
    found = sections(client_settings("demo", URL, "mcp_value"))
    desktop = json.loads(found["Claude Desktop"])["mcpServers"]["demo"]
    assert desktop["command"] == "npx"
    assert not any(" " in argument for argument in desktop["args"])
    assert json.loads(found["Cursor"])["mcpServers"]["demo"]["url"] == URL
    assert json.loads(found["VS Code"])["servers"]["demo"]["type"] == "http"


def test_without_a_token_its_place_is_marked() -> None:
    assert "Bearer YOUR_TOKEN" in client_settings("demo", URL, None)


def test_a_server_that_asks_for_nothing_is_given_nothing() -> None:
    for text in snippets("demo", URL, None).values():
        assert URL in text
        assert "Authorization" not in text


@pytest.mark.parametrize("credentials", [None, "Bearer mcp_value"])
def test_programs_are_programs(credentials: str | None) -> None:
    found = snippets("demo", URL, credentials)
    python = next(text for heading, text in found.items() if heading.startswith("Python"))
    ast.parse(python)
    assert ("mcp_value" in python) is bool(credentials)
    assert "URL(" + json.dumps(URL) + ")" in "".join(found.values())
