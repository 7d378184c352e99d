"""Tests of mcp_transport.protocol.methods."""

from __future__ import annotations

import pytest

from mcp_transport.protocol.errors import MethodNotFound
from mcp_transport.protocol.methods import LEGACY, METHODS, MODERN, Method, offered_method
from mcp_transport.protocol.revisions import R2025_11_25, R2026_07_28, REVISIONS, Revision
from tests.schema import definitions_of

# Tasks were experimental in 2025-11-25 and exist only where a server declares them.
OPTIONAL = {"tasks/get", "tasks/result", "tasks/cancel", "tasks/list"}
EXTENSION = {"tasks/get", "tasks/update", "tasks/cancel"}


def find(name: str, revision: Revision) -> Method | None:
    """The method, or None when the revision does not define it."""
    return (MODERN if revision.is_modern else LEGACY).get(name)


def of_schema(revision: Revision) -> set[str]:
    """The methods of the requests that a client may send."""
    definitions = definitions_of(revision.name)
    names = [item["$ref"].rpartition("/")[2] for item in definitions["ClientRequest"]["anyOf"]]
    return {definitions[name]["properties"]["method"]["const"] for name in names}


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=str)
def test_a_revision_has_the_methods_of_its_schema(revision: Revision) -> None:
    found = {name for name in METHODS if find(name, revision) is not None}
    assert found - EXTENSION == of_schema(revision) - OPTIONAL
    assert found & EXTENSION == (EXTENSION if revision.has_tasks else set())


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=str)
@pytest.mark.parametrize("name", ["", "nothing/like", "TOOLS/LIST", "notifications/cancelled"])
def test_what_is_in_no_table_does_not_exist(revision: Revision, name: str) -> None:
    assert find(name, revision) is None


@pytest.mark.parametrize(
    "name",
    ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"],
)
def test_what_the_handshake_took_with_it_is_legacy(name: str) -> None:
    assert find(name, R2026_07_28) is None
    assert find(name, R2025_11_25) is METHODS[name]


def test_headers_name_what_is_called_read_and_got() -> None:
    named = {row.name: row.named_by for row in METHODS.values() if row.named_by}
    core = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
    assert named == {**core, **dict.fromkeys(EXTENSION, "taskId")}


def test_questions_are_asked_where_the_specification_lets_them() -> None:
    asking = {row.name for row in METHODS.values() if row.may_ask}
    assert asking == {"tools/call", "prompts/get", "resources/read"}


def test_cache_hints_stand_where_the_schema_wants_them() -> None:
    definitions = definitions_of("2026-07-28")
    hinted = {
        name.removesuffix("Result").lower()
        for name, definition in definitions.items()
        if name.endswith("Result") and "ttlMs" in definition.get("required", ())
    } - {"cacheable"}
    assert hinted == {
        "discover", "listtools", "listresources", "listresourcetemplates", "listprompts",
        "readresource",
    }  # fmt: skip
    assert {row.name for row in METHODS.values() if row.is_cacheable} == {
        "server/discover", "tools/list", "resources/list", "resources/templates/list",
        "prompts/list", "resources/read",
    }  # fmt: skip


def test_a_method_belongs_to_the_capability_it_begins_with() -> None:
    for row in METHODS.values():
        first = row.name.partition("/")[0]
        expected = {"completion": "completions"}.get(first, first)
        assert row.capability in (None, expected)
        assert (row.capability is None) == (
            first in {"initialize", "ping", "server", "subscriptions", "tasks"}
        )


def test_what_reaches_an_entry_is_recorded() -> None:
    recorded = {row.name for row in METHODS.values() if row.is_recorded}
    assert recorded == {"tools/call", "prompts/get", "resources/read"}


@pytest.mark.parametrize(
    ("name", "features"), [("ping", {"tools"}), ("tools/call", {"prompts"}), ("no/such", {"tools"})]
)
def test_a_server_has_the_methods_of_the_era_and_of_what_it_offers(
    name: str, features: set[str]
) -> None:
    assert offered_method(LEGACY, "ping", ()) is METHODS["ping"]
    assert offered_method(MODERN, "tools/call", {"tools"}) is METHODS["tools/call"]
    with pytest.raises(MethodNotFound, match=f"no method '{name}' here"):
        offered_method(MODERN, name, features)
