"""Tests of mcp_transport.engine.offering."""

from __future__ import annotations

import pytest

from mcp_transport.engine.offering import Surveyed, survey
from mcp_transport.models import Server, TextEntry

pytestmark = pytest.mark.django_db


def found(server: Server) -> dict[tuple[str, str], Surveyed]:
    """What a survey finds, by kind and own name."""
    return {(entry.kind, entry.name): entry for entry in survey(server)}


def test_every_entry_is_found_with_what_clients_see(server: Server) -> None:
    server.overrides.create(kind="tool", name="echo", new_name="say", title="Say")
    echo = found(server)["tool", "echo"]
    assert echo.seen is not None and echo.override is not None
    assert (echo.original.name, echo.seen.name, echo.seen.wire["title"]) == ("echo", "say", "Say")


def test_an_entry_that_is_switched_off_is_found_and_not_seen(server: Server) -> None:
    server.overrides.create(kind="tool", name="echo", is_enabled=False)
    assert found(server)["tool", "echo"].seen is None


def test_what_the_server_does_not_offer_is_not_found(server: Server) -> None:
    server.offers = ["demo:echo"]
    server.save()
    assert list(found(server)) == [("tool", "echo")]


def test_a_text_that_was_written_just_now_is_found(server: Server) -> None:
    TextEntry(name="greet", text="Hello").save()
    assert ("prompt", "greet") in found(server)
