"""Tests of mcp_transport.sources.remote.upstreams."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from mcp_transport.sources.foreign.definitions import Listed, entries_of
from mcp_transport.sources.remote.upstreams import Upstream, upstreams


def upstream(settings: Settings, **options: Any) -> Upstream:
    """A server of the settings."""
    settings.MCP_REMOTE = {"far": {"url": "https://far.example/mcp", **options}}
    (found,) = upstreams()
    return found


def test_names_are_the_servers_behind_a_prefix_or_whole(settings: Settings) -> None:
    assert upstream(settings).public_name("find") == "far_find"
    assert upstream(settings, prefix="").public_name("find") == "find"
    named = upstream(settings, prefix="x-", names={"find it": "search"})
    assert named.public_name("find it") == "search"
    assert named.public_name("find") == "x-find"


def test_what_is_offered_is_what_the_settings_let_through(settings: Settings) -> None:
    listed = Listed(
        tools=[{"name": name} for name in ("get_a", "get_b", "drop_a")],
        resources=[{"uri": uri, "name": "a"} for uri in ("note://a", "file:///a")],
        templates=[{"uriTemplate": "note://{a}", "name": "a"}],
        prompts=[{"name": "get_on"}],
    )
    chosen = upstream(settings, include=["get_*", "note://*"], exclude=["*_b"])
    entries = entries_of(chosen, listed)
    assert [tool.name for tool in entries.tools] == ["far_get_a"]
    assert [resource.uri for resource in entries.resources] == ["note://a"]
    assert len(entries.templates) == len(entries.prompts) == 1
    assert len(entries_of(upstream(settings), listed).tools) == 3


def test_secrets_stand_in_no_text_of_it(settings: Settings) -> None:
    grant = {
        "token_url": "https://login.example/",
        "client_id": "a",
        "client_secret": "secret-1",
    }
    found = upstream(settings, auth={"client_credentials": grant}, headers={"X-Key": "secret-2"})
    assert "secret" not in repr(found)
    assert set(found.secrets) == {"secret-1", "secret-2"}
    assert "secret" not in repr(upstream(settings, auth={"basic": ("ada", "secret")}))


def test_one_that_is_written_wrongly_is_left_out(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MCP_REMOTE = {"far": {}, "near": {"url": "https://near.example/mcp"}}
    assert [found.alias for found in upstreams()] == ["near"]
    assert "MCP_REMOTE['far'] lacks ['url']" in caplog.text
    settings.MCP_REMOTE = ["https://near.example/mcp"]
    assert upstreams() == ()
