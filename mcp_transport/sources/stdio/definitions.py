"""
What a program lists, as entries of this site.

Tools and prompts are called ``<alias>_<name>``. What this site could not keep
its promises about is left out, and the log says why.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from django.core.exceptions import ImproperlyConfigured

from mcp_transport.engine.source import Entries
from mcp_transport.protocol.content import Annotations, Icon
from mcp_transport.registry.checking import Checked
from mcp_transport.registry.headers import header_parameters
from mcp_transport.registry.records import (
    PromptArgument,
    PromptDefinition,
    ResourceDefinition,
    TemplateDefinition,
    ToolDefinition,
)
from mcp_transport.registry.schema import check_object_schema, check_schema
from mcp_transport.registry.uri_template import UriTemplate
from mcp_transport.sources.stdio.programs import Program

logger = logging.getLogger("mcp_transport.stdio")

LONGEST_NAME = 64  # characters: what most clients hand on to their models
LONGEST_TEXT = 20_000  # characters of a description
LONGEST_URI = 2000
HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
WEB_OR_DATA = ("https://", "http://", "data:image/")

Item = dict[str, Any]
E = TypeVar("E")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTool(ToolDefinition):
    """A tool of a program."""

    alias: str
    own_name: str
    input: Checked
    output: Checked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignResource(ResourceDefinition):
    """A resource of a program."""

    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTemplate(TemplateDefinition):
    """A family of resources of a program."""

    alias: str
    pattern: UriTemplate
    is_completed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignPrompt(PromptDefinition):
    """A prompt of a program."""

    alias: str
    own_name: str
    is_completed: bool = False


Foreign = ForeignTool | ForeignResource | ForeignTemplate | ForeignPrompt
ForeignEntries = Entries[ForeignTool, ForeignResource, ForeignTemplate, ForeignPrompt]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What a program said in its lists, item by item."""

    tools: Sequence[Item] = ()
    resources: Sequence[Item] = ()
    templates: Sequence[Item] = ()
    prompts: Sequence[Item] = ()
    completes: bool = False


def entries_of(program: Program, listed: Listed) -> ForeignEntries:
    """The entries of what a program lists."""

    def made(items: Iterable[Item], make: Callable[..., E]) -> tuple[E, ...]:
        found = (_attempt(program, item, make, listed) for item in items)
        return tuple(entry for entry in found if entry is not None)

    return ForeignEntries(
        tools=made(listed.tools, _tool),
        resources=made(listed.resources, _resource),
        templates=made(listed.templates, _template),
        prompts=made(listed.prompts, _prompt),
    )


def public_name(alias: str, name: str) -> str:
    """What clients call a tool or prompt of a program; another for each that it has."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    whole = f"{alias}_{plain}"
    if plain == name and len(whole) <= LONGEST_NAME:
        return whole
    mark = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{whole[: LONGEST_NAME - 7]}_{mark}"


def _attempt(program: Program, item: Item, make: Callable[..., E], listed: Listed) -> E | None:
    try:
        return make(program, item, listed)
    except (ImproperlyConfigured, msgspec.ValidationError, KeyError, TypeError, ValueError) as why:
        name = str(item.get("name"))[:100]
        logger.warning("MCP_STDIO[%r] lists %r, which is left out: %s", program.alias, name, why)
        return None


def _said(program: Program, item: Item) -> dict[str, Any]:
    """What entries of every kind say of themselves."""
    meta = item.get("_meta")
    return {
        "title": _text(item.get("title")),
        "description": _text(item.get("description")),
        "icons": tuple(icon for icon in _icons(item) if icon.src.startswith(WEB_OR_DATA)),
        "meta": meta if isinstance(meta, dict) else None,
        "permission": program.permission,
        "timeout": program.call_timeout,
        "source": "stdio",
        "alias": program.alias,
    }


def _tool(program: Program, item: Item, listed: Listed) -> ForeignTool:
    name, subject = _name(item), f"the tool {item['name']!r}"
    schema, output = item.get("inputSchema"), item.get("outputSchema")
    schema = {"type": "object"} if schema is None else schema
    _check(schema, check_object_schema, f"The input schema of {subject}")
    if output is not None:
        _check(output, check_schema, f"The output schema of {subject}")
    hints = item.get("annotations")
    hints = hints if isinstance(hints, dict) else {}
    title = _text(item.get("title")) or _text(hints.get("title"))
    return ForeignTool(
        **{**_said(program, item), "title": title},
        name=public_name(program.alias, name),
        own_name=name,
        input_schema=schema,
        output_schema=output,
        input=Checked(schema),
        output=None if output is None else Checked(output),
        annotations={hint: hints[hint] for hint in HINTS if isinstance(hints.get(hint), bool)},
        headers=header_parameters(schema, subject),
    )


def _resource(program: Program, item: Item, listed: Listed) -> ForeignResource:
    size = item.get("size")
    return ForeignResource(
        **_said(program, item),
        name=_name(item),
        uri=_uri(item["uri"]),
        mime_type=_text(item.get("mimeType")),
        size=size if type(size) is int and size >= 0 else None,
        annotations=_annotations(item),
    )


def _template(program: Program, item: Item, listed: Listed) -> ForeignTemplate:
    template = _uri(item["uriTemplate"])
    return ForeignTemplate(
        **_said(program, item),
        name=_name(item),
        uri_template=template,
        mime_type=_text(item.get("mimeType")),
        annotations=_annotations(item),
        pattern=UriTemplate(template),
        is_completed=listed.completes,
    )


def _prompt(program: Program, item: Item, listed: Listed) -> ForeignPrompt:
    name = _name(item)
    arguments = item.get("arguments") or ()
    return ForeignPrompt(
        **_said(program, item),
        name=public_name(program.alias, name),
        own_name=name,
        arguments=tuple(_argument(argument) for argument in arguments),
        is_completed=listed.completes and bool(arguments),
    )


def _argument(item: Item) -> PromptArgument:
    return PromptArgument(
        name=_name(item),
        title=_text(item.get("title")),
        description=_text(item.get("description")),
        required=item.get("required") is True,
    )


def _name(item: Item) -> str:
    name = item["name"]
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_URI:
        raise ValueError("its name is none")
    return name


def _uri(uri: Any) -> str:
    if not isinstance(uri, str) or len(uri) > LONGEST_URI:
        raise ValueError("its URI is none")
    return uri


def _text(value: Any) -> str | None:
    return value[:LONGEST_TEXT] if isinstance(value, str) and value else None


def _icons(item: Item) -> tuple[Icon, ...]:
    return msgspec.convert(item.get("icons") or (), tuple[Icon, ...])


def _annotations(item: Item) -> Annotations | None:
    return msgspec.convert(item.get("annotations"), Annotations | None)


def _check(schema: Any, check: Callable[[Any, str], None], subject: str) -> None:
    if not isinstance(schema, dict):
        raise ImproperlyConfigured(f"{subject} is no object.")
    check(schema, subject)
