"""
What a server of others lists, as entries of this site.

What this site could not keep its promises about is left out, and the log says
why.
"""

from __future__ import annotations

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
from mcp_transport.sources.foreign.origin import Origin

LONGEST_TEXT = 20_000  # characters of a description
LONGEST_URI = 2000
HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
WEB_OR_DATA = ("https://", "http://", "data:image/")

Item = dict[str, Any]
E = TypeVar("E")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTool(ToolDefinition):
    """A tool of a server of others."""

    alias: str
    own_name: str
    input: Checked
    output: Checked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignResource(ResourceDefinition):
    """A resource of a server of others."""

    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTemplate(TemplateDefinition):
    """A family of resources of a server of others."""

    alias: str
    pattern: UriTemplate
    is_completed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignPrompt(PromptDefinition):
    """A prompt of a server of others."""

    alias: str
    own_name: str
    is_completed: bool = False


Foreign = ForeignTool | ForeignResource | ForeignTemplate | ForeignPrompt
ForeignEntries = Entries[ForeignTool, ForeignResource, ForeignTemplate, ForeignPrompt]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What a server of others said in its lists, item by item."""

    tools: Sequence[Item] = ()
    resources: Sequence[Item] = ()
    templates: Sequence[Item] = ()
    prompts: Sequence[Item] = ()
    completes: bool = False


def entries_of(origin: Origin, listed: Listed) -> ForeignEntries:
    """The entries of what it lists."""

    def made(items: Iterable[Item], make: Callable[..., E], subject: str) -> tuple[E, ...]:
        wanted = (item for item in items if origin.offers(item.get(subject)))
        found = (_attempt(origin, item, make, listed) for item in wanted)
        return tuple(entry for entry in found if entry is not None)

    return ForeignEntries(
        tools=made(listed.tools, _tool, "name"),
        resources=made(listed.resources, _resource, "uri"),
        templates=made(listed.templates, _template, "uriTemplate"),
        prompts=made(listed.prompts, _prompt, "name"),
    )


def _attempt(origin: Origin, item: Item, make: Callable[..., E], listed: Listed) -> E | None:
    try:
        return make(origin, item, listed)
    except (ImproperlyConfigured, msgspec.ValidationError, KeyError, TypeError, ValueError) as why:
        name = str(item.get("name"))[:100]
        origin.logger.warning("%s lists %r, which is left out: %s", origin.place, name, why)
        return None


def _said(origin: Origin, item: Item) -> dict[str, Any]:
    """What entries of every kind say of themselves."""
    meta = item.get("_meta")
    return {
        "title": _text(item.get("title")),
        "description": _text(item.get("description")),
        "icons": tuple(icon for icon in _icons(item) if icon.src.startswith(WEB_OR_DATA)),
        "meta": meta if isinstance(meta, dict) else None,
        "permission": origin.permission,
        "timeout": origin.call_timeout,
        "source": origin.source,
        "alias": origin.alias,
    }


def _tool(origin: Origin, item: Item, listed: Listed) -> ForeignTool:
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
        **{**_said(origin, item), "title": title},
        name=origin.public_name(name),
        own_name=name,
        input_schema=schema,
        output_schema=output,
        input=Checked(schema),
        output=None if output is None else Checked(output),
        annotations={hint: hints[hint] for hint in HINTS if isinstance(hints.get(hint), bool)},
        headers=header_parameters(schema, subject),
    )


def _resource(origin: Origin, item: Item, listed: Listed) -> ForeignResource:
    size = item.get("size")
    return ForeignResource(
        **_said(origin, item),
        name=_name(item),
        uri=_uri(item["uri"]),
        mime_type=_text(item.get("mimeType")),
        size=size if type(size) is int and size >= 0 else None,
        annotations=_annotations(item),
    )


def _template(origin: Origin, item: Item, listed: Listed) -> ForeignTemplate:
    template = _uri(item["uriTemplate"])
    return ForeignTemplate(
        **_said(origin, item),
        name=_name(item),
        uri_template=template,
        mime_type=_text(item.get("mimeType")),
        annotations=_annotations(item),
        pattern=UriTemplate(template),
        is_completed=listed.completes,
    )


def _prompt(origin: Origin, item: Item, listed: Listed) -> ForeignPrompt:
    name = _name(item)
    arguments = item.get("arguments") or ()
    return ForeignPrompt(
        **_said(origin, item),
        name=origin.public_name(name),
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
