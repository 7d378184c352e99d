"""Tests of mcp_transport.admin.json_tree."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.admin.json_tree import (
    LEVELS_OPEN,
    MAX_DEPTH,
    MAX_MEMBERS,
    MAX_NODES,
    MAX_TEXT,
    JsonTree,
    Node,
)


def tree(value: Any) -> JsonTree:
    return JsonTree(value=value, label="Result")


def count(node: Node) -> int:
    return 1 + sum(map(count, node.members))


def test_the_first_levels_are_open() -> None:
    node, open_levels = tree({"a": {"b": {"c": {"d": 1}}}}).root, 0
    while node.is_open:
        node, open_levels = node.members[0], open_levels + 1
    assert open_levels == LEVELS_OPEN


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", '"a"'), (1.5, "1.5"), (True, "true"), (None, "null"), ([], "[0]"), ({"a": 1}, "{1}")],
)
def test_a_value_is_told_in_one_line(value: Any, text: str) -> None:
    assert tree(value).root.text == text


def test_a_wide_value_is_cut_and_says_so() -> None:
    root = tree(list(range(MAX_MEMBERS + 7))).root
    assert (len(root.members), root.left_out) == (MAX_MEMBERS, 7)
    assert "7 more, in the raw response" in str(tree(list(range(MAX_MEMBERS + 7))))


def test_a_large_value_makes_a_bounded_tree() -> None:
    assert count(tree([[[0] * 100] * 100] * 100).root) <= MAX_NODES + 1


def test_a_deep_value_makes_a_bounded_tree() -> None:
    value: Any = 1
    for _level in range(500):
        value = [value]
    assert count(tree(value).root) == MAX_DEPTH + 1


def test_a_long_text_is_cut_and_says_so() -> None:
    root = tree("x" * (MAX_TEXT + 1)).root
    assert root.is_cut
    assert len(root.text) == MAX_TEXT + 2


def test_markup_is_text() -> None:
    shown = str(tree({"<b>": "<script>alert(1)</script>"}))
    assert "<script>" not in shown
    assert "<b>" not in shown
