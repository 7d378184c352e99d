"""Tests of mcp_transport.protocol.capabilities."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.protocol.capabilities import introduced, known, missing, of_server
from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.revisions import REVISIONS, Revision
from tests.schema import check

EVERYTHING = frozenset({"tools", "resources", "prompts", "completions"})


@pytest.mark.parametrize(
    ("required", "declared"),
    [
        ({}, {}),
        ({"sampling": {}}, {"sampling": {}}),
        ({"sampling": {}}, {"sampling": {"tools": {}}, "roots": {}}),
        ({"elicitation": {"form": {}}}, {"elicitation": {}}),
        ({"elicitation": {"form": {}}}, {"elicitation": {"form": {}}}),
        ({"elicitation": {}}, {"elicitation": {"url": {}}}),
        ({"elicitation": {"url": {}}}, {"elicitation": {"form": {}, "url": {}}}),
    ],
)
def test_what_is_declared_is_not_missing(required: Any, declared: Any) -> None:
    assert missing(required, declared) == {}


@pytest.mark.parametrize(
    ("required", "declared", "lacking"),
    [
        ({"sampling": {}}, {}, {"sampling": {}}),
        ({"sampling": {}}, {"sampling": True}, {"sampling": {}}),
        ({"sampling": {}}, {"sampling": None}, {"sampling": {}}),
        ({"sampling": {"tools": {}}}, {"sampling": {}}, {"sampling": {"tools": {}}}),
        ({"elicitation": {"url": {}}}, {"elicitation": {}}, {"elicitation": {"url": {}}}),
        (
            {"elicitation": {"form": {}, "url": {}}},
            {"elicitation": {"url": {}}},
            {"elicitation": {"form": {}}},
        ),
        ({"roots": {}, "sampling": {}}, {"roots": {}}, {"sampling": {}}),
    ],
)
def test_what_is_not_declared_is_missing(required: Any, declared: Any, lacking: Any) -> None:
    assert missing(required, declared) == lacking


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=str)
@pytest.mark.parametrize("features", [frozenset(), frozenset({"tools"}), EVERYTHING])
def test_a_server_declares_what_the_schema_knows(
    features: frozenset[str], revision: Revision
) -> None:
    declared = of_server(features, revision)
    check(revision.name, "ServerCapabilities", declared)
    has_word = revision.has_completions_capability
    assert set(declared) == {"logging"} | (features if has_word else features - {"completions"})


def test_lists_that_are_served_are_watched() -> None:
    declared = of_server(EVERYTHING, REVISIONS["2026-07-28"])
    assert declared["tools"] == declared["prompts"] == {"listChanged": True}
    assert declared["resources"] == {"subscribe": True, "listChanged": True}


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        ("2025-03-26", {"sampling": {}}),
        ("2025-06-18", {"elicitation": {}, "sampling": {}}),
        ("2025-11-25", {"elicitation": {"url": {}}, "sampling": {"tools": {}}}),
    ],
)
def test_what_a_revision_does_not_define_is_not_declared(revision: str, expected: Any) -> None:
    declared: dict[str, Any] = {"elicitation": {"url": {}}, "sampling": {"tools": {}}}
    assert known(declared, REVISIONS[revision]) == expected


def test_what_is_no_object_stays_what_it_is() -> None:
    declared = {"elicitation": True, "sampling": 5}
    assert known(declared, REVISIONS["2025-06-18"]) == declared


def test_what_a_client_says_of_itself_is_kept_short() -> None:
    info = {"name": "x" * 10**6, "version": "1", "icons": [{"src": "https://a.example/i.png"}]}
    kept = introduced(info)
    assert kept == {**info, "name": "x" * 200 + "…"}
    assert introduced({**info, "more": {str(n): n for n in range(10**4)}}) == {
        "name": kept["name"],
        "version": "1",
    }
    assert introduced({"more": ["x" * 10**6]}) == {}


def test_more_capabilities_than_can_be_kept_are_refused() -> None:
    with pytest.raises(InvalidParams, match="larger than 16384 bytes"):
        known({"experimental": {"x": "y" * 20_000}}, REVISIONS["2025-11-25"])
