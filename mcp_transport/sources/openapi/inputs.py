"""What an operation takes: its parameters and its body as the arguments of a tool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcp_transport.outgoing.configuration import FRAMING
from mcp_transport.protocol.shortening import shown
from mcp_transport.rules import HEADER_NAME
from mcp_transport.sources.openapi.configuration import Configuration
from mcp_transport.sources.openapi.operations import (
    COOKIE,
    HEADER,
    PATH,
    QUERY,
    STYLES,
    Body,
    Encoding,
    Parameter,
)
from mcp_transport.sources.openapi.references import Unusable, resolved
from mcp_transport.sources.openapi.schemas import Schemas

BODY = "body"
LOCATIONS = (PATH, QUERY, HEADER, COOKIE)
JSON, FORM, MULTIPART = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
)
KNOWN_STYLES = {
    PATH: {"simple", "label", "matrix"},
    QUERY: {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
    HEADER: {"simple"},
    COOKIE: {"form"},
}
#: Headers that no caller sets: how a request is sent, who sends it, and as whom.
UNGIVEN_HEADERS = FRAMING | {
    "accept", "accept-encoding", "authorization", "content-encoding", "content-type", "cookie",
    "expect", "forwarded", "keep-alive", "proxy-authorization", "trailer",
}  # fmt: skip
TEXTUAL = ("text/", "application/xml", "application/yaml", "application/x-yaml")
BASE64 = {"type": "string", "contentEncoding": "base64", "description": "Bytes, in base64."}

PLAIN_TEXT = re.compile(r"[!-~]([ -~]*[!-~])?")

Part = dict[str, Any]


class Inputs:
    """The arguments of one operation, as they are found."""

    def __init__(
        self, document: Mapping[str, Any], schemas: Schemas, configuration: Configuration
    ) -> None:
        self._document = document
        self._schemas = schemas
        self._configuration = configuration
        self._properties: dict[str, Any] = {}
        self._required: list[str] = []
        self.parameters: list[Parameter] = []
        self.body: Body | None = None

    def take(self, parts: Sequence[Any], body: Any, variables: Sequence[str]) -> None:
        """Read the parameters and the body of an operation. Raises Unusable."""
        found = [part for part in self._merged(parts) if self._is_given(part, variables)]
        found.sort(key=lambda part: LOCATIONS.index(part["in"]))
        for part in found:
            self._take_parameter(part)
        lacking = set(variables) - {p.name for p in self.parameters if p.location == PATH}
        if lacking:
            raise Unusable(f"its path has {sorted(lacking)[0]!r}, which is no parameter of it")
        if body is not None:
            self._take_body(resolved(self._document, body))

    def schema(self) -> dict[str, Any]:
        """The input schema of the tool."""
        schema: dict[str, Any] = {"type": "object", "properties": self._properties}
        if self._required:
            schema["required"] = self._required
        schema["additionalProperties"] = False
        return self._schemas.with_definitions(schema)[0]

    def _merged(self, parts: Sequence[Any]) -> Iterator[Part]:
        """The parameters; what an operation says of one replaces what its path says."""
        merged: dict[tuple[str, str], Part] = {}
        for part in parts:
            found = resolved(self._document, part)
            if not isinstance(found.get("name"), str) or found.get("in") not in LOCATIONS:
                raise Unusable("it has a parameter without a name, or in an unknown place")
            merged[found["in"], found["name"]] = found
        yield from merged.values()

    def _is_given(self, part: Part, variables: Sequence[str]) -> bool:
        """Whether it is the caller who gives a parameter."""
        name, location, configuration = part["name"], part["in"], self._configuration
        sent = {header.lower() for header in configuration.sent_headers}
        if location == PATH:
            return name in variables
        if location == QUERY:
            return name not in configuration.sent_query
        if location == COOKIE:
            return "cookie" not in sent
        return name.lower() not in UNGIVEN_HEADERS | sent

    def _take_parameter(self, part: Part) -> None:
        location = part["in"]
        if location == HEADER and not re.fullmatch(HEADER_NAME, part["name"]):
            raise Unusable(f"its parameter {shown(part['name'])} is the name of no header")
        style = part.get("style", STYLES[location])
        if not isinstance(style, str) or style not in KNOWN_STYLES[location]:
            said = f"{part['name'][:60]!r} has the unknown style {shown(style)}"
            raise Unusable(f"its parameter {said}")
        media_type, schema = _schema_of(part)
        argument = self._argument(part["name"], location)
        self._add(
            argument,
            schema,
            description=part.get("description"),
            is_required=part.get("required") is True or location == PATH,
        )
        self.parameters.append(
            Parameter(
                argument=argument,
                name=part["name"],
                location=location,
                style=style,
                explode=part.get("explode", style == "form") is True,
                is_json=media_type is not None,
            )
        )

    def _take_body(self, body: Part) -> None:
        content = body.get("content")
        if not isinstance(content, dict) or not content:
            return
        media_type = preferred(content)
        if not PLAIN_TEXT.fullmatch(media_type):
            raise Unusable(f"its body has the unknown media type {shown(media_type)}")
        media = resolved(self._document, content[media_type])
        argument = self._argument(BODY, BODY)
        kind = essence(media_type)
        is_structured = is_json(kind) or kind in {FORM, MULTIPART}
        schema = media.get("schema", {}) if is_structured else _raw_schema(kind)
        self._add(
            argument,
            schema,
            description=body.get("description"),
            is_required=body.get("required") is True,
        )
        self.body = Body(
            argument=argument,
            media_type=JSON if kind == "*/*" else media_type,
            encodings=_encodings(media) if kind in {FORM, MULTIPART} else {},
            files=self._files(schema) if kind == MULTIPART else frozenset(),
        )

    def _add(self, argument: str, schema: Any, *, description: Any, is_required: bool) -> None:
        converted = self._schemas.convert(schema)
        if isinstance(description, str) and description and isinstance(converted, dict):
            converted = {**converted, "description": description}
        self._properties[argument] = converted
        if is_required:
            self._required.append(argument)

    def _argument(self, name: str, location: str) -> str:
        """A name for an argument; of several of one name the later ones say where they go."""
        argument = name
        while argument in self._properties:
            argument = f"{argument}_{location}"
        return argument

    def _files(self, schema: Any) -> frozenset[str]:
        root = self._schemas.root(schema)
        properties = root.get("properties") if isinstance(root, dict) else None
        if not isinstance(properties, dict):
            return frozenset()
        return frozenset(
            n for n, part in properties.items() if _is_binary(self._schemas.root(part))
        )


def preferred(content: Mapping[str, Any]) -> str:
    """The media type that a body is sent as: JSON before forms, forms before the rest."""

    def rank(media_type: str) -> tuple[int, str]:
        kind = essence(media_type)
        if is_json(kind):
            return (0 if kind == JSON else 1), media_type
        return (2 if kind == FORM else 3 if kind == MULTIPART else 4), media_type

    return min(map(str, content), key=rank)


def essence(media_type: str) -> str:
    """A media type without its parameters."""
    return media_type.partition(";")[0].strip().lower()


def is_json(kind: str) -> bool:
    """Whether a media type is JSON, or anything at all."""
    return kind in {JSON, "*/*", "application/*", "text/json"} or kind.endswith("+json")


def is_textual(kind: str) -> bool:
    """Whether a media type is text."""
    return kind.startswith(TEXTUAL) or kind.endswith(("+xml", "+yaml"))


def _raw_schema(kind: str) -> Part:
    return {"type": "string", "description": f"Text, as {kind}."} if is_textual(kind) else BASE64


def _schema_of(part: Part) -> tuple[str | None, Any]:
    """The media type of a parameter that is sent as one, and its schema."""
    content = part.get("content")
    if not isinstance(content, dict) or not content:
        return None, part.get("schema", {})
    media_type, media = next(iter(content.items()))
    if not is_json(essence(str(media_type))) or not isinstance(media, dict):
        raise Unusable(f"its parameter {part['name']!r} is sent as {media_type!r}")
    return media_type, media.get("schema", {})


def _encodings(media: Part) -> dict[str, Encoding]:
    given = media.get("encoding")
    return {
        name: Encoding(
            style=str(encoding.get("style", "")),
            explode=encoding.get("explode", True) is True,
            content_type=str(encoding.get("contentType", "")),
        )
        for name, encoding in (given.items() if isinstance(given, dict) else ())
        if isinstance(encoding, dict)
    }


def _is_binary(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    if schema.get("type") == "array" and "items" in schema:
        return _is_binary(schema["items"])
    return (
        schema.get("format") == "binary"
        or schema.get("contentEncoding") == "base64"
        or ("contentMediaType" in schema and schema.get("type") in {None, "string"})
    )
