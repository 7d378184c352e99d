"""The operations of a document as tools, and those that cannot be, with the reason."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from django.core.exceptions import ImproperlyConfigured

from mcp_transport.protocol.shortening import shortened, shown
from mcp_transport.registry.checking import Checked, checked
from mcp_transport.sources.openapi.addresses import (
    base_of,
    checked_path,
    own_base,
    variables_of,
)
from mcp_transport.sources.openapi.configuration import Configuration
from mcp_transport.sources.openapi.inputs import Inputs, essence, is_json
from mcp_transport.sources.openapi.naming import names
from mcp_transport.sources.openapi.operations import LeftOut, Operation
from mcp_transport.sources.openapi.reading import DocumentError
from mcp_transport.sources.openapi.references import Unusable, resolved
from mcp_transport.sources.openapi.schemas import Schemas

SOURCE = "openapi"
METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH")
MOST_OPERATIONS = 1000
LONGEST_BUILD = 60.0  # seconds
LONGEST_DESCRIPTION = 4000  # characters
READING = frozenset({"GET", "HEAD", "OPTIONS"})
IDEMPOTENT = READING | {"PUT", "DELETE"}

Part = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a document offers."""

    base: str
    operations: tuple[Operation, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An operation as it stands in the document."""

    method: str
    path: str
    path_part: Part
    part: Part

    @property
    def operation_id(self) -> str:
        """What the document calls it; empty where it has no name."""
        given = self.part.get("operationId")
        return given if isinstance(given, str) else ""

    @property
    def place(self) -> str:
        """Its method and path."""
        return f"{self.method} {self.path}"

    @property
    def words(self) -> list[str]:
        """By what the setting can choose it."""
        tags = self.part.get("tags")
        named = [f"tag:{tag}" for tag in tags] if isinstance(tags, list) else []
        return [self.place, *named, *([self.operation_id] if self.operation_id else [])]


def build(document: Mapping[str, Any], configuration: Configuration) -> Built:
    """
    The tools of a document.

    Raises DocumentError for a document that has none that could be called.
    """
    is_old = check_version(document)
    base = base_of(document, configuration)
    lost: list[LeftOut] = []
    found = [item for item in operations_of(document, lost) if is_chosen(item, configuration)]
    if len(found) > MOST_OPERATIONS:
        raise DocumentError(
            f'{len(found)} operations are chosen, {MOST_OPERATIONS} at most; narrow "include"'
        )
    builder = Builder(document, configuration, base, is_old=is_old)
    return builder.build(found, [*lost, *unmatched(document, configuration)])


def check_version(document: Mapping[str, Any]) -> bool:
    """Whether it is OpenAPI 3.0; raises DocumentError for what is not OpenAPI 3."""
    version = document.get("openapi")
    if "swagger" in document:
        raise DocumentError("it is Swagger 2.0; convert it to OpenAPI 3")
    if not isinstance(version, str) or not version.startswith("3."):
        raise DocumentError('it is no OpenAPI 3: it lacks "openapi": "3.…"')
    if not isinstance(document.get("paths", {}), dict):
        raise DocumentError('its "paths" are no object')
    return version.startswith("3.0")


def operations_of(document: Mapping[str, Any], lost: list[LeftOut]) -> Iterator[Found]:
    """Every operation of a document; paths that lead nowhere are added to what is lost."""
    for path, given in document.get("paths", {}).items():
        try:
            part = resolved(document, given)
        except Unusable as error:
            lost.append(LeftOut(place=path, reason=str(error)))
            continue
        for method in METHODS:
            if isinstance(part.get(method.lower()), dict):
                yield Found(method=method, path=path, path_part=part, part=part[method.lower()])


def is_chosen(found: Found, configuration: Configuration) -> bool:
    """Whether the setting wants an operation."""

    def matches(patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(word, pattern) for pattern in patterns for word in found.words)

    is_included = not configuration.include or matches(configuration.include)
    return is_included and not matches(configuration.exclude)


def unmatched(document: Mapping[str, Any], configuration: Configuration) -> Iterator[LeftOut]:
    """What the setting names and the document does not have."""
    words = {word for found in operations_of(document, []) for word in found.words}
    for pattern in (*configuration.include, *configuration.exclude, *configuration.names):
        if not any(fnmatchcase(word, pattern) for word in words):
            yield LeftOut(place=pattern, reason="the setting names it, and nothing is called that")


class Builder:
    """Builds the tools of one document."""

    def __init__(
        self,
        document: Mapping[str, Any],
        configuration: Configuration,
        base: str,
        *,
        is_old: bool,
    ) -> None:
        self._document = document
        self._configuration = configuration
        self._base = base
        self._requests = Schemas(document, hidden="readOnly", is_old=is_old)
        self._responses = Schemas(document, hidden="writeOnly", is_old=is_old)
        self._end_at = time.monotonic() + LONGEST_BUILD

    def build(self, found: list[Found], left_out: list[LeftOut]) -> Built:
        """Build what can be built, one by one, and note the rest."""
        keys = {(f.method, f.path, f.operation_id): f for f in found}
        called = names(self._configuration.alias, keys, self._configuration.names)
        operations: dict[str, Operation] = {}
        for key, item in keys.items():
            if time.monotonic() > self._end_at:
                raise DocumentError(f"it takes more than {LONGEST_BUILD:g} seconds to read")
            try:
                self._add(operations, called[key], item)
            except (Unusable, ImproperlyConfigured) as error:
                left_out.append(LeftOut(place=item.place, reason=str(error)))
        return Built(
            base=self._base, operations=tuple(operations.values()), left_out=tuple(left_out)
        )

    def _add(self, operations: dict[str, Operation], name: str, found: Found) -> None:
        if name in operations:
            raise Unusable(f"its name {name!r} is taken by {operations[name].place}")
        operations[name] = self._operation(name, found)

    def _operation(self, name: str, found: Found) -> Operation:
        path = checked_path(found.path)
        inputs = Inputs(self._document, self._requests, self._configuration)
        parts = [*_listed(found.path_part), *_listed(found.part)]
        inputs.take(parts, found.part.get("requestBody"), variables_of(found.path))
        arguments = checked(inputs.schema(), f"The input schema of {found.place}")
        output = self._output(found)
        operation = Operation(
            name=name,
            title=_text(found.part.get("summary")),
            description=_description(found),
            permission=self._configuration.permission,
            source=SOURCE,
            input_schema=arguments.schema,
            output_schema=output.schema if output else None,
            annotations=hints(found.method),
            alias=self._configuration.alias,
            method=found.method,
            base=self._own_base(found),
            path=path,
            parameters=tuple(inputs.parameters),
            body=inputs.body,
            arguments=arguments,
            output=output,
        )
        check_sendable(operation)
        return operation

    def _own_base(self, found: Found) -> str:
        base = own_base(found.path_part, self._base, self._configuration)
        return own_base(found.part, base, self._configuration)

    def _output(self, found: Found) -> Checked | None:
        """The schema of the answer, where there is one kind of it, and that an object."""
        responses = found.part.get("responses")
        good = [c for c in responses if str(c)[:1] == "2"] if isinstance(responses, dict) else []
        if not isinstance(responses, dict) or len(good) != 1:
            return None
        if not self._configuration.output_schemas or found.method == "HEAD":
            return None
        try:
            schema = self._answer_schema(resolved(self._document, responses[good[0]]))
            is_object = schema.get("type") == "object"
            return checked(schema, f"The output schema of {found.place}") if is_object else None
        except (Unusable, ImproperlyConfigured):
            return None  # the answer is told as it comes

    def _answer_schema(self, response: Part) -> Part:
        content = response.get("content")
        media = (
            [m for m in content if is_json(essence(str(m)))] if isinstance(content, dict) else []
        )
        if not isinstance(content, dict) or not media:
            return {}
        schema = self._responses.root(resolved(self._document, content[media[0]]).get("schema"))
        converted = self._responses.convert(schema)
        if not isinstance(converted, dict):
            return {}
        if "type" not in converted and "properties" in converted:
            converted = {"type": "object", **converted}
        whole, is_whole = self._responses.with_definitions(converted)
        return whole if is_whole else {}


def hints(method: str) -> dict[str, bool]:
    """What the method says of an operation (RFC 9110, section 9.2)."""
    hints = {"readOnlyHint": method in READING, "openWorldHint": True}
    if method not in READING:
        hints["idempotentHint"] = method in IDEMPOTENT
    if method == "DELETE":
        hints["destructiveHint"] = True
    return hints


def check_sendable(operation: Operation) -> None:
    """Raise Unusable for what could not be shown in a list."""
    told = (operation.input_schema, operation.output_schema, operation.title, operation.description)
    try:
        msgspec.json.encode(told)
    except (TypeError, ValueError, OverflowError) as error:
        raise Unusable(f"it holds what JSON cannot ({shown(str(error))})") from None


def _listed(part: Part) -> list[Any]:
    given = part.get("parameters", [])
    return given if isinstance(given, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _description(found: Found) -> str:
    said = [_text(found.part.get(key)) for key in ("summary", "description")]
    texts = list(dict.fromkeys(text.strip() for text in said if text)) or [found.place]
    if found.part.get("deprecated") is True:
        texts.append("Deprecated.")
    return shortened("\n\n".join(texts), LONGEST_DESCRIPTION)
