"""
JSON Schemas (2020-12): made from types, or checked when the site wrote them.

A schema that was written by hand is compiled once; its references stay inside
it, so that validating never reaches for the network, and its size is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import jsonschema_rs
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from pydantic import PydanticUserError, TypeAdapter
from pydantic.errors import PydanticUndefinedAnnotation
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

MAX_DEPTH = 64
MAX_NODES = 10_000
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
DIALECTS = frozenset(
    {
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft-06/schema",
        "http://json-schema.org/draft-04/schema",
    }
)

#: What pydantic raises for a type it cannot use.
UNUSABLE = (
    PydanticUserError,
    PydanticUndefinedAnnotation,
    PydanticSerializationError,  # an example or an extra member that is no JSON
    TypeError,
    NameError,
)


class UntitledSchema(GenerateJsonSchema):
    """Leaves out the titles that only repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Only a title that was written down counts."""
        return False


def adapter_for(annotation: Any, subject: str) -> TypeAdapter[Any]:
    """What validates and dumps a type; an unusable type is the site's mistake."""
    try:
        return TypeAdapter(annotation)
    except UNUSABLE as exc:
        raise ImproperlyConfigured(f"{subject} cannot be described by a schema: {exc}") from exc


def schema_of(
    adapter: TypeAdapter[Any], subject: str, mode: Literal["validation", "serialization"]
) -> dict[str, Any]:
    """The schema of a type, without titles that repeat names."""
    try:
        schema = adapter.json_schema(mode=mode, schema_generator=UntitledSchema)
    except UNUSABLE as exc:
        raise ImproperlyConfigured(f"{subject} cannot be described by a schema: {exc}") from exc
    schema.pop("title", None)
    for name, definition in schema.get("$defs", {}).items():
        if definition.get("title") == name:
            del definition["title"]
    told: dict[str, Any] = plain(schema)
    return told


def plain(value: Any) -> Any:
    """A JSON value whose lazy translations are texts, in the language of the site."""
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def check_schema(schema: Mapping[str, Any], subject: str) -> None:
    """Refuse a schema that is invalid, unbounded or refers to something outside it."""
    dialect = str(schema.get("$schema", "")).rstrip("#")
    if dialect and dialect not in DIALECTS:
        raise ImproperlyConfigured(
            f"{subject} names the dialect {dialect!r}; use one of {', '.join(sorted(DIALECTS))}."
        )
    for count, (node, depth) in enumerate(nodes(schema)):
        if depth > MAX_DEPTH or count > MAX_NODES:
            raise ImproperlyConfigured(
                f"{subject} is too large: at most {MAX_NODES} nodes, {MAX_DEPTH} deep."
            )
        check_references(node, subject)
    check_against_dialect(schema, subject)


def check_object_schema(schema: Mapping[str, Any], subject: str) -> None:
    """Refuse a schema for arguments that does not describe an object."""
    if schema.get("type") != "object":
        raise ImproperlyConfigured(
            f'{subject} needs "type": "object" at its root, for arguments have names; '
            f"it has {schema.get('type')!r}."
        )
    check_schema(schema, subject)


def check_references(node: Any, subject: str) -> None:
    """Refuse a reference that leaves the schema."""
    for keyword in REFERENCES:
        target = node.get(keyword) if isinstance(node, dict) else None
        if isinstance(target, str) and not target.startswith("#"):
            raise ImproperlyConfigured(
                f"{subject} refers to {target!r}, which is outside it; "
                "put the definition under $defs and refer to it with '#/$defs/…'."
            )


def check_against_dialect(schema: Mapping[str, Any], subject: str) -> None:
    """Refuse a schema that its dialect does not allow."""
    try:
        jsonschema_rs.meta.validate(dict(schema))
        validator_for(schema)  # compiles patterns and resolves references
    except (ValueError, jsonschema_rs.ReferencingError) as exc:
        reason = str(exc).partition("\n")[0]
        raise ImproperlyConfigured(f"{subject} is no valid JSON Schema: {reason}") from exc


def nodes(value: Any, depth: int = 0) -> Iterator[tuple[Any, int]]:
    """Every object and array of a JSON value with its depth, the root first."""
    pending = [(value, depth)]
    while pending:
        node, depth = pending.pop()
        yield node, depth
        children = node.values() if isinstance(node, dict) else node
        pending.extend((c, depth + 1) for c in children if isinstance(c, dict | list))


def validator_for(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    """
    What validates JSON values against a checked schema.

    Patterns take linear time, and messages do not repeat the value.
    """
    return jsonschema_rs.validator_for(
        dict(schema), pattern_options=jsonschema_rs.RegexOptions(), mask="the value"
    )
