"""The command behind ``make run``."""

from __future__ import annotations

import socket
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from mcpsite.first_run import Prepared
from mcpsite.management.commands import runsite
from mcpsite.management.commands.runsite import Command, refuse_taken


def test_a_taken_port_is_refused_before_anything_is_prepared() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"make run PORT={port + 1}"):
            refuse_taken("127.0.0.1", port)


def announced(prepared: Prepared) -> list[str]:
    """The lines a command prints once something answers."""
    output = StringIO()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = server.getsockname()
        Command(stdout=output).announce(prepared, "http://127.0.0.1:8000", address)
    return output.getvalue().splitlines()


@pytest.mark.parametrize(
    ("public", "host", "address"),
    [
        ("", "127.0.0.1", "http://127.0.0.1:8000"),
        ("", "0.0.0.0", "http://127.0.0.1:8000"),
        ("", "shop.local", "http://shop.local:8000"),
        ("https://shop.example", "0.0.0.0", "https://shop.example"),
    ],
)
def test_what_is_printed_is_where_clients_reach_it(
    settings: Any, public: str, host: str, address: str
) -> None:
    settings.PUBLIC_URL = public
    assert runsite.public_address(host, 8000) == address


@pytest.mark.parametrize(
    ("program", "called"),
    [(".venv/bin/python", ".venv/bin/python"), ("/elsewhere/bin/python", "python")],
)
def test_python_is_called_as_it_is_from_here(
    monkeypatch: pytest.MonkeyPatch, program: str, called: str
) -> None:
    monkeypatch.setattr("sys.executable", str(Path.cwd() / program))
    assert runsite.python() == called


def test_the_endpoint_and_the_token_have_a_line_each() -> None:
    lines = announced(Prepared("demo", "mcp_value"))
    assert lines[0] == "endpoint: http://127.0.0.1:8000/mcp/demo"
    assert lines[1] == "token: mcp_value"


def test_later_runs_print_no_token() -> None:
    lines = announced(Prepared("demo"))
    assert lines[0] == "endpoint: http://127.0.0.1:8000/mcp/demo"
    assert not any(line.startswith("token:") for line in lines)


def test_an_open_server_is_only_named() -> None:
    lines = announced(Prepared("conformance", is_open=True))
    assert lines == ["endpoint: http://127.0.0.1:8000/mcp/conformance"]
