"""Tests of mcp_transport.protocol.subscriptions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.subscriptions import (
    KINDS,
    LONGEST_URI,
    MAX_URIS,
    SUBSCRIPTION_ID,
    Change,
    Filter,
    Kind,
    covers,
    read_filter,
)
from tests.schema import REVISIONS, check_message

EVERYTHING = frozenset({"tools", "resources", "prompts", "completions"})
CHANGES = [Change(kind) for kind in KINDS] + [Change("resources", "note://a")]


def wanted(**notifications: Any) -> dict[str, Any]:
    """The parameters of a listen request."""
    return {"notifications": notifications}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.method)
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_change_is_told_as_the_schema_has_it(revision: str, change: Change) -> None:
    check_message(revision, json.loads(change.encode()))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.method)
@pytest.mark.parametrize("id_", ["l", 7])
def test_a_listener_is_told_which_subscription_it_is(change: Change, id_: str | int) -> None:
    message = json.loads(change.encode_for(jsonrpc.encode(id_)))
    check_message("2026-07-28", message)
    assert message["params"]["_meta"] == {SUBSCRIPTION_ID: id_}
    assert message["params"].get("uri") == change.uri


def test_a_list_that_changed_needs_no_parameters() -> None:
    message = json.loads(Change("tools").encode())
    assert message == {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_is_told_of_the_lists_it_asked_for(kind: Kind) -> None:
    asked = Filter(kinds=frozenset({kind}))
    assert [other for other in KINDS if asked.wants(Change(other))] == [kind]
    assert not asked.wants(Change("resources", "note://a"))


def test_a_stream_is_told_of_the_resources_it_asked_for() -> None:
    asked = Filter(uris=frozenset({"note://a", "file:///dir"}))
    assert asked.wants(Change("resources", "note://a"))
    assert asked.wants(Change("resources", "file:///dir/file"))
    assert not asked.wants(Change("resources", "note://b"))
    assert not asked.wants(Change("resources"))


@pytest.mark.parametrize(
    ("subscribed", "uri", "is_covered"),
    [
        ("file:///a", "file:///a", True),
        ("file:///a", "file:///a/b", True),
        ("file:///a/", "file:///a/b", True),
        ("file:///a", "file:///ab", False),
        ("file:///a/b", "file:///a", False),
        ("file:///a", "FILE:///a", False),
    ],
)
def test_a_subscription_covers_what_lies_below(subscribed: str, uri: str, is_covered: bool) -> None:
    assert covers(subscribed, uri) is is_covered


def test_everything_can_be_asked_for() -> None:
    asked = wanted(
        toolsListChanged=True,
        promptsListChanged=True,
        resourcesListChanged=True,
        resourceSubscriptions=["note://b", "note://a", "note://b"],
    )
    found = read_filter(asked, EVERYTHING)
    assert found == Filter(frozenset(KINDS), frozenset({"note://a", "note://b"}))
    asked["notifications"]["resourceSubscriptions"] = ["note://a", "note://b"]
    assert found.as_params() == asked["notifications"]


def test_what_the_server_does_not_offer_is_left_out() -> None:
    asked = wanted(toolsListChanged=True, promptsListChanged=True, resourceSubscriptions=["x://y"])
    assert read_filter(asked, frozenset({"prompts"})).as_params() == {"promptsListChanged": True}


@pytest.mark.parametrize("asked", [{}, {"toolsListChanged": False, "somethingNew": 1}])
def test_nothing_asked_is_nothing_told(asked: dict[str, Any]) -> None:
    assert read_filter(wanted(**asked), EVERYTHING).as_params() == {}


@pytest.mark.parametrize("params", [{}, {"notifications": None}, {"notifications": []}])
def test_a_filter_is_an_object(params: dict[str, Any]) -> None:
    with pytest.raises(InvalidParams, match="notifications"):
        read_filter(params, EVERYTHING)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [1, "true", None, []])
def test_a_list_is_asked_for_by_true(kind: Kind, value: Any) -> None:
    with pytest.raises(InvalidParams, match=f"{kind}ListChanged is true or false, not "):
        read_filter(wanted(**{f"{kind}ListChanged": value}), EVERYTHING)


@pytest.mark.parametrize("uris", ["note://a", [1], [None], {}, None, 0, False])
def test_resources_are_asked_for_by_a_list_of_uris(uris: Any) -> None:
    with pytest.raises(InvalidParams, match="resourceSubscriptions"):
        read_filter(wanted(resourceSubscriptions=uris), EVERYTHING)


def test_a_stream_takes_so_many_resources_and_no_more() -> None:
    uris = [f"note://{number}" for number in range(MAX_URIS)]
    assert len(read_filter(wanted(resourceSubscriptions=uris), EVERYTHING).uris) == MAX_URIS
    with pytest.raises(InvalidParams, match="1000"):
        read_filter(wanted(resourceSubscriptions=[*uris, "note://more"]), EVERYTHING)


def test_what_is_subscribed_to_has_a_short_name() -> None:
    uri = "note://" + "x" * (LONGEST_URI - 7)
    assert read_filter(wanted(resourceSubscriptions=[uri]), EVERYTHING).uris == {uri}
    with pytest.raises(InvalidParams, match="at most 2000 characters, not 2001"):
        read_filter(wanted(resourceSubscriptions=[uri + "x"]), EVERYTHING)
