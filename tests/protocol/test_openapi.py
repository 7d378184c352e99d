"""The tools of a server as an OpenAPI document."""

from __future__ import annotations

from typing import Any

from mcp_transport.protocol.openapi import document

TAG = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Tag"}}}
TOOL = {
    "name": "shelve/book",
    "title": "Shelve",
    "inputSchema": {
        "type": "object",
        "properties": {"tag": {"$ref": "#/$defs/Tag"}, "all": {"anyOf": [{"$ref": "#"}]}},
        "$defs": {"Tag": TAG},
    },
}


def resolve(whole: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        whole = whole[part]
    return whole


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if "$ref" in value else []
    return own + [found for item in value.values() for found in references(item)]


def make(*tools: Any) -> Any:
    return document(title="Shop", version="1", description="", url="/mcp/shop", tools=tools)


def test_every_reference_leads_somewhere() -> None:
    made = make(TOOL)
    found = references(made)
    assert len(found) > 5
    assert all(isinstance(resolve(made, reference), dict) for reference in found)


def test_a_tool_has_a_path_for_its_answer_and_one_for_its_stream() -> None:
    paths = make(TOOL)["paths"]
    assert {"/tools/shelve%2Fbook", "/tools/shelve%2Fbook/stream"} <= paths.keys()
    stream = paths["/tools/shelve%2Fbook/stream"]["post"]["responses"]["200"]
    assert "text/event-stream" in stream["content"]


def test_names_that_a_document_cannot_tell_apart_are_told_apart() -> None:
    made = make(TOOL, {**TOOL, "name": "shelve_book"}, {"name": "Error"})
    assert len(made["components"]["schemas"]) == 4
    operations = [p["post"]["operationId"] for p in made["paths"].values() if "post" in p]
    assert len(operations) == len(set(operations)) == 6
