"""Tests of mcp_transport.protocol.revisions."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.protocol import revisions
from mcp_transport.protocol.revisions import REVISIONS, SUPPORTED, Revision, negotiate
from tests.schema import definitions_of

LEGACY = [revision for revision in REVISIONS.values() if not revision.is_modern]

# A feature, and where a revision's schema shows that it has it.
PLACES = {
    "has_audio": ("AudioContent", None),
    "has_tool_annotations": ("Tool", "annotations"),
    "has_completions_capability": ("ServerCapabilities", "completions"),
    "has_titles": ("Implementation", "title"),
    "has_meta_everywhere": ("Tool", "_meta"),
    "has_structured_content": ("CallToolResult", "structuredContent"),
    "has_resource_links": ("ResourceLink", None),
    "has_elicitation": ("ClientCapabilities", "elicitation"),
    "has_last_modified": ("Annotations", "lastModified"),
    "has_icons": ("Tool", "icons"),
    "has_implementation_details": ("Implementation", "websiteUrl"),
    "has_url_elicitation": ("ElicitRequestURLParams", None),
    "has_sampling_tools": ("ToolUseContent", None),
    "has_result_types": ("ResultType", None),
    "has_cache_hints": ("ListToolsResult", "ttlMs"),
    "is_modern": ("DiscoverRequest", None),
}


def shows(revision: Revision, definition: str, member: str | None) -> bool:
    """Whether the official schema has a definition, and a member in it."""
    found = definitions_of(revision.name).get(definition)
    return found is not None and (member is None or member in found.get("properties", {}))


@pytest.mark.parametrize("feature", PLACES)
@pytest.mark.parametrize("revision", REVISIONS.values(), ids=str)
def test_a_revision_has_the_features_that_its_schema_shows(
    revision: Revision, feature: str
) -> None:
    assert getattr(revision, feature) is shows(revision, *PLACES[feature])


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=str)
def test_a_revision_allows_batches_where_its_schema_does(revision: Revision) -> None:
    batch = shows(revision, "JSONRPCBatchRequest", None)
    assert revision.has_batches is batch


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=str)
def test_a_revision_allows_errors_without_id_where_its_schema_does(revision: Revision) -> None:
    definitions = definitions_of(revision.name)
    error = definitions.get("JSONRPCErrorResponse") or definitions["JSONRPCError"]
    assert revision.has_errors_without_id is ("id" not in error["required"])


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=str)
def test_a_revision_takes_any_structured_content_where_its_schema_does(revision: Revision) -> None:
    result = definitions_of(revision.name)["CallToolResult"]["properties"]
    restricted = result.get("structuredContent", {"type": "object"}).get("type") == "object"
    assert revision.has_any_structured_content is not restricted


def test_progress_has_messages_from_the_second_revision_on() -> None:
    without = [r.name for r in REVISIONS.values() if not r.has_progress_messages]
    assert without == ["2024-11-05"]


def test_only_the_last_legacy_revision_primes_its_streams() -> None:
    assert [r.name for r in REVISIONS.values() if r.has_priming_events] == ["2025-11-25"]


def test_revisions_are_listed_newest_first() -> None:
    assert list(SUPPORTED) == sorted(SUPPORTED, reverse=True)
    assert [revision.name for revision in REVISIONS.values()] == list(SUPPORTED)


def test_a_revision_is_shown_by_its_name() -> None:
    assert str(revisions.R2026_07_28) == "2026-07-28"


@pytest.mark.parametrize("revision", LEGACY, ids=str)
def test_a_handshake_gets_the_revision_it_asks_for(revision: Revision) -> None:
    assert negotiate(revision.name) is revision


@pytest.mark.parametrize(
    "requested", ["2026-07-28", "1999-01-01", "9999-12-31", "", None, 20251125, ["2025-11-25"], {}]
)
def test_any_other_handshake_gets_the_newest_revision_with_handshakes(requested: Any) -> None:
    assert negotiate(requested) is revisions.R2025_11_25
