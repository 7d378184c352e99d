"""Tests of mcp_transport.sources.foreign.contents: whatever a program answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_transport.protocol import shaping
from mcp_transport.protocol.revisions import REVISIONS
from mcp_transport.sources.foreign import contents
from mcp_transport.sources.foreign.definitions import Listed, entries_of
from tests.sources.foreign.test_definitions import JSON, PROGRAM

(TOOL,) = entries_of(PROGRAM, Listed(tools=[{"name": "a"}])).tools
BLOCK = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["text", "image", "audio", "resource_link", "resource", "new"])
        | JSON
    },
    optional={
        name: JSON | st.just("YWJj")
        for name in ("text", "data", "mimeType", "uri", "name", "resource", "annotations", "_meta")
    },
)
ANSWER = st.fixed_dictionaries(
    {},
    optional={
        "content": st.lists(BLOCK, max_size=3) | JSON,
        "contents": st.lists(BLOCK | JSON, max_size=3) | JSON,
        "messages": st.lists(st.fixed_dictionaries({"role": JSON, "content": BLOCK | JSON})) | JSON,
        "completion": st.fixed_dictionaries({"values": JSON}) | JSON,
        "structuredContent": JSON,
        "isError": JSON,
        "_meta": JSON,
    },
)


@settings(max_examples=50)
@given(ANSWER)
def test_whatever_is_answered_can_be_sent_in_every_revision(answer: dict[str, Any]) -> None:
    result = contents.tool_result(TOOL, answer)
    for revision in REVISIONS.values():
        assert isinstance(shaping.contents(result.content, revision), list)
        shaping.resource_contents(contents.resource_contents(answer), revision)
        shaping.messages(contents.messages(answer), revision)
    assert all(isinstance(value, str) for value in contents.completions(answer))


@pytest.mark.parametrize("data", ["not base64!", 7, None])
def test_a_picture_that_is_none_is_told_as_such(data: Any) -> None:
    block = {"type": "image", "data": data, "mimeType": "image/png"}
    (item,) = contents.tool_result(TOOL, {"content": [block]}).content
    assert getattr(item, "text", "") == contents.UNKNOWN
