"""
Values checked against schemas that somebody else wrote.

Whether a value fits takes linear time. Saying why can take time that grows
with every level of a schema that contains itself, so that this is done where
it stays small.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import jsonschema_rs

from mcp_transport.conf import settings
from mcp_transport.registry.errors import ArgumentError, Problem
from mcp_transport.registry.schema import check_object_schema, nodes, validator_for
from mcp_transport.registry.secrecy import Secrecy
from mcp_transport.registry.signature import schema_problem

MOST_PARTS = 20_000  # of a schema, with what it refers to written out
DEEPEST = 4  # levels of a value that is explained by a schema which contains itself
UNEXPLAINED = Problem("arguments", "do not fit the input schema of the tool")


class Checked:
    """A schema that is valid and bounded, and whether values fit it."""

    def __init__(self, schema: dict[str, Any], subject: str) -> None:
        """Raise ImproperlyConfigured for a schema that cannot be used."""
        check_object_schema(schema, subject)
        self.schema = schema

    def require(self, arguments: dict[str, Any]) -> None:
        """Raise ArgumentError for arguments that do not fit."""
        if self._validator.is_valid(arguments):
            return
        if not self._is_explained(arguments):
            raise ArgumentError([UNEXPLAINED])
        secrecy = Secrecy(settings.MCP_REDACTED_ARGUMENTS, self.schema)
        errors = self._validator.iter_errors(arguments)
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


def depth_explained(schema: dict[str, Any]) -> int | None:
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
