"""
Arguments that clients repeat in a header (``x-mcp-header``).

A client drops a tool that breaks one of the specification's rules (2026-07-28,
server/tools, x-mcp-header), so such a tool is refused where it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from mcp_transport.conf import settings
from mcp_transport.registry.records import HeaderParameter
from mcp_transport.registry.secrecy import Secrecy

KEYWORD = "x-mcp-header"
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
TYPES = ("string", "integer", "boolean")
SAFE_INTEGER = 2**53 - 1
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "const", "default")
MAPS = ("$defs", "definitions", "patternProperties", "dependentSchemas")  # names to schemas
VALUES = ("default", "const", "enum", "examples")  # data, in which a keyword means nothing


@dataclass(frozen=True, slots=True)
class Header:
    """
    Marks an argument that clients repeat in the header ``Mcp-Param-<name>``.

    Written as ``region: Annotated[str, Header("Region")]``. Everything between
    the client and the site can read it, so it is not for secrets.
    """

    name: str

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core_schema), KEYWORD: self.name}


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked schema, and where it was found."""

    schema: dict[str, Any]
    path: tuple[str, ...]
    is_reachable: bool  # from the root, by nothing but "properties"


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """
    The schema of a marked argument, when that may be None.

    The specification has marks on primitive types only. A client that has no
    value leaves the argument out, so None need not be in the schema.
    """
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if KEYWORD not in schema or len(kinds) != 1:
        return schema
    told = {k: v for k, v in schema.items() if k != "anyOf" and (k, v) != ("default", None)}
    return {**kinds[0], **told}


def header_parameters(schema: dict[str, Any], subject: str) -> tuple[HeaderParameter, ...]:
    """The marked arguments of a tool, checked against every rule."""
    marks = list(marks_in(schema, (), is_reachable=True))
    parameters = tuple(checked_parameter(mark, subject) for mark in marks)
    names = [parameter.header.lower() for parameter in parameters]
    for parameter in parameters:
        if names.count(parameter.header.lower()) > 1:
            raise refusal(subject, parameter.path, "another argument has the same header")
    return parameters


def marks_in(schema: Any, path: tuple[str, ...], *, is_reachable: bool) -> Iterator[Mark]:
    """Every marked schema inside a schema."""
    if isinstance(schema, list):
        for item in schema:
            yield from marks_in(item, path, is_reachable=False)
    if not isinstance(schema, dict):
        return
    if KEYWORD in schema:
        yield Mark(schema, path, is_reachable)
    for keyword, value in schema.items():
        if keyword == "properties" and isinstance(value, dict):
            for name, child in value.items():
                yield from marks_in(child, (*path, name), is_reachable=is_reachable)
        elif keyword in MAPS and isinstance(value, dict):
            yield from marks_in(list(value.values()), path, is_reachable=False)
        elif keyword not in VALUES:
            yield from marks_in(value, path, is_reachable=False)


def checked_parameter(mark: Mark, subject: str) -> HeaderParameter:
    """The parameter for a mark; refuses one that a client would not accept."""
    header, kind = mark.schema[KEYWORD], mark.schema.get("type")
    if not mark.is_reachable or not mark.path:
        raise refusal(subject, mark.path, "only arguments and properties inside them can have one")
    if not isinstance(header, str) or not TOKEN.fullmatch(header):
        raise refusal(subject, mark.path, f"{header!r} is no header name (RFC 9110)")
    if kind not in TYPES:
        raise refusal(subject, mark.path, "its type has to be string, integer or boolean")
    check_bounds(mark, subject)
    check_secrecy(mark, subject)
    return HeaderParameter(path=mark.path, header=header, type=kind)


def check_bounds(mark: Mark, subject: str) -> None:
    """Refuse whole numbers that JSON numbers of other languages do not hold."""
    numbers = [mark.schema.get(keyword) for keyword in BOUNDS] + list(mark.schema.get("enum", ()))
    if any(isinstance(n, int | float) and abs(n) > SAFE_INTEGER for n in numbers):
        raise refusal(subject, mark.path, "its numbers have to stay within ±(2**53 - 1)")


def check_secrecy(mark: Mark, subject: str) -> None:
    """Refuse to show an argument whose value is never even kept."""
    marked = {"properties": {mark.path[-1]: mark.schema}}
    if any(map(Secrecy(settings.MCP_REDACTED_ARGUMENTS, marked).covers, mark.path)):
        raise refusal(
            subject,
            mark.path,
            "it is secret by MCP_REDACTED_ARGUMENTS or its schema, and headers are seen",
        )


def refusal(subject: str, path: tuple[str, ...], reason: str) -> ImproperlyConfigured:
    """The error for a mark that breaks a rule."""
    place = f"Argument {'.'.join(path)!r}" if path else "The schema"
    return ImproperlyConfigured(f"{place} of {subject} cannot be repeated in a header: {reason}.")
