"""
Values checked against schemas that stand by themselves, without a Python type.

Whether a value fits takes linear time. Saying why can take time that grows
with every level of a schema that contains itself, so that this is done where
it stays small.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from typing import Any

import jsonschema_rs

from mcp_transport.registry.errors import LISTED_PROBLEMS, ArgumentError, Problem
from mcp_transport.registry.problems import schema_problem, secrecy_of
from mcp_transport.registry.schema import check_object_schema, nodes, validator_for

MOST_PARTS = 20_000  # of a schema, with what it refers to written out
DEEPEST = 4  # levels of a value that is explained by a schema which contains itself
UNEXPLAINED = Problem("arguments", "do not fit the input schema of the tool")


class Checked:
    """
    A schema that is known to be valid, and whether values fit it.

    checked() makes one of a schema that may not be.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = dict(schema)

    def require(self, arguments: dict[str, Any]) -> None:
        """Raise ArgumentError for arguments that do not fit."""
        if self._validator.is_valid(arguments):
            return
        if not self._is_explained(arguments):
            raise ArgumentError([UNEXPLAINED])
        secrecy = secrecy_of(self.schema)
        errors = islice(self._validator.iter_errors(arguments), LISTED_PROBLEMS + 1)
        raise ArgumentError([schema_problem(error, secrecy) for error in errors])

    def problem(self, value: Any) -> str:
        """Say where and why a value does not fit; empty for one that does."""
        if self._validator.is_valid(value):
            return ""
        if not self._is_explained(value):
            return "it does not fit its schema"
        error = next(self._validator.iter_errors(value))
        place = ".".join(map(str, error.instance_path)) or "the whole"
        return f"{place}: {error.message}"

    # Both are made when they are first needed: of a document with a thousand
    # operations few are called, and what is compiled takes up to 300 kB each.

    @cached_property
    def _validator(self) -> jsonschema_rs.Validator:
        return validator_for(self.schema)

    @cached_property
    def _deepest(self) -> int | None:
        return depth_explained(self.schema)

    def _is_explained(self, value: Any) -> bool:
        if self._deepest is None:
            return True
        return all(depth <= self._deepest for _node, depth in nodes(value))


def checked(schema: Mapping[str, Any], subject: str) -> Checked:
    """Make one of a schema that may be anything. Raises ImproperlyConfigured."""
    check_object_schema(schema, subject)
    return Checked(schema)


def depth_explained(schema: Mapping[str, Any]) -> int | None:
    """The levels to which values are explained; None for all, -1 for none."""
    definitions: dict[str, Any] = schema.get("$defs", {})
    waiting: list[tuple[Any, frozenset[str]]] = [(schema, frozenset())]
    count, deepest = 0, None
    while waiting:
        part, inside = waiting.pop()
        count += 1
        if count > MOST_PARTS:
            return -1
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix("#/$defs/")
            if name in inside:
                deepest = DEEPEST
            elif name in definitions:
                waiting.append((definitions[name], inside | {name}))
            waiting.extend((item, inside) for key, item in part.items() if key != "$defs")
        elif isinstance(part, list):
            waiting.extend((item, inside) for item in part)
    return deepest
