"""What a form says about a field, beside what the schema's author wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_transport.admin.forms.merging import Schema
from mcp_transport.admin.forms.shapes import TITLES, called

FORMATS = {
    "date": "a date, such as 2026-01-31",
    "time": "a time, such as 09:30:00Z",
    "date-time": "a date with time and offset, such as 2026-01-31T09:30:00Z",
    "duration": "a duration, such as P1DT2H",
    "email": "an e-mail address",
    "uri": "an address, such as https://example.com/",
    "uuid": "a UUID",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "hostname": "a host name",
    "regex": "a regular expression",
    "json-pointer": "a JSON Pointer, such as /lines/0",
    "base64": "bytes as base64, or a file",
    "byte": "bytes as base64, or a file",
    "binary": "text, or a file of text",
}
LONG = 200  # characters of a default or an example that are shown


def limits(schema: Schema) -> list[str]:
    """The rules of a schema in words."""
    return [*_format(schema), *_ranges(schema), *_rest(schema)]


def _format(schema: Schema) -> Iterator[str]:
    name = schema.get("format") or schema.get("contentEncoding")
    if isinstance(name, str) and name != "password":
        yield FORMATS.get(name, f"format {name}")


def _ranges(schema: Schema) -> Iterator[str]:
    at_least, at_most = schema.get("minimum"), schema.get("maximum")
    if at_least is not None and at_most is not None:
        yield f"from {at_least} to {at_most}"
    elif at_least is not None:
        yield f"at least {at_least}"
    elif at_most is not None:
        yield f"at most {at_most}"
    yield from _said(schema, "exclusiveMinimum", "more than {}")
    yield from _said(schema, "exclusiveMaximum", "less than {}")
    for unit in ("Length", "Items", "Properties"):
        yield from _count(schema.get(f"min{unit}"), schema.get(f"max{unit}"), UNITS[unit])


UNITS = {"Length": "characters", "Items": "items", "Properties": "properties"}


def _count(least: Any, most: Any, unit: str) -> Iterator[str]:
    if least and most is not None:
        yield f"{least} {unit}" if least == most else f"{least} to {most} {unit}"
    elif least:
        yield f"at least {least} {unit}"
    elif most is not None:
        yield f"at most {most} {unit}"


def _rest(schema: Schema) -> Iterator[str]:
    yield from _said(schema, "multipleOf", "a multiple of {}")
    yield from _said(schema, "pattern", "matches {}")
    if schema.get("uniqueItems"):
        yield "no item twice"
    if "default" in schema:
        yield f"if left out: {short(schema['default'])}"
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        yield f"for example {short(examples[0])}"
    if schema.get("deprecated"):
        yield "deprecated"


def _said(schema: Schema, word: str, sentence: str) -> Iterator[str]:
    if word in schema:
        yield sentence.format(schema[word])


def short(value: Any) -> str:
    """A value in one short line."""
    text = '""' if value == "" else called(value)
    return text if len(text) <= LONG else f"{text[:LONG]}…"


def alternative_label(schema: Schema, index: int) -> str:
    """What an alternative is called: its title, what marks it, or its type."""
    if isinstance(title := schema.get("title"), str) and title:
        return title
    properties = schema.get("properties")
    for part in properties.values() if isinstance(properties, dict) else ():
        if isinstance(part, dict) and "const" in part:
            return called(part["const"])
    kind = schema.get("type")
    if isinstance(properties, dict) and properties:
        return ", ".join(list(properties)[:3])
    return TITLES.get(kind, "") if isinstance(kind, str) else f"Alternative {index + 1}"
