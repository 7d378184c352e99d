"""A JSON value as nested lists that open and close, bounded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar

from mcp_transport.admin.parts import Part

LEVELS_OPEN = 2
MAX_DEPTH = 20  # levels that are shown
MAX_MEMBERS = 200  # of one object or array
MAX_NODES = 2000  # of a tree
MAX_TEXT = 2000  # characters of one text


@dataclass(slots=True)
class Node:
    """One value, and what it is called in what holds it."""

    key: str
    text: str  # the value, or what kind of thing it is
    kind: str  # "object", "array", "string", "number", "literal"
    is_open: bool = False
    is_cut: bool = False
    members: list[Node] = field(default_factory=list)
    left_out: int = 0  # members that are not shown

    @property
    def has_members(self) -> bool:
        """Whether there is something to open."""
        return bool(self.members or self.left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonTree(Part):
    """A value to look into."""

    template_name: ClassVar[str] = "json_tree.html"
    value: Any
    label: str

    @property
    def root(self) -> Node:
        """The tree, built anew each time."""
        return _Tree().node("", self.value, 0)


class _Tree:
    def __init__(self) -> None:
        self._left = MAX_NODES

    def node(self, key: str, value: Any, depth: int) -> Node:
        self._left -= 1
        if isinstance(value, dict):
            said = f"{{{len(value)}}}"
            return self._holder(key, said, "object", value.items(), len(value), depth)
        if isinstance(value, list):
            members = ((str(index), item) for index, item in enumerate(value))
            return self._holder(key, f"[{len(value)}]", "array", members, len(value), depth)
        if isinstance(value, str):
            text = json.dumps(value[:MAX_TEXT], ensure_ascii=False)
            return Node(key, text, "string", is_cut=len(value) > MAX_TEXT)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return Node(key, json.dumps(value), "number" if is_number else "literal")

    def _holder(
        self,
        key: str,
        said: str,
        kind: str,
        members: Iterable[tuple[str, Any]],
        size: int,
        depth: int,
    ) -> Node:
        made = Node(key, said, kind, is_open=depth < LEVELS_OPEN)
        made.members = list(self._members(members, depth))
        made.left_out = size - len(made.members)
        return made

    def _members(self, members: Iterable[tuple[str, Any]], depth: int) -> Iterator[Node]:
        if depth >= MAX_DEPTH:
            return
        for key, value in islice(members, MAX_MEMBERS):
            if self._left <= 0:
                return
            yield self.node(key, value, depth + 1)
