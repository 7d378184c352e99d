"""What the return values of resources and prompts become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp_transport.protocol.content import (
    BlobResource,
    Message,
    ResourceContents,
    TextResource,
)
from mcp_transport.registry.errors import OutputError
from mcp_transport.registry.results import (
    BLOCKS,
    BYTES,
    TEXT,
    as_content,
    json_text,
    named,
    to_json_value,
)

RECORDS = (TextResource, BlobResource)
JSON = "application/json"


def resource_converter(
    mime_type: str | None,
) -> Callable[[Any, str], tuple[ResourceContents, ...]]:
    """What converts a resource's value; the resource's own media type is the default."""

    def convert(value: Any, uri: str) -> tuple[ResourceContents, ...]:
        if isinstance(value, list | tuple) and value and isinstance(value[0], RECORDS):
            return tuple(checked_record(item) for item in value)
        return (resource_contents(value, uri, mime_type),)

    return convert


def resource_contents(value: Any, uri: str, mime_type: str | None) -> ResourceContents:
    """One resource's contents: text, bytes, or data as JSON."""
    if isinstance(value, RECORDS):
        return value
    if isinstance(value, TEXT):
        return TextResource(uri=uri, text=str(value), mime_type=mime_type)
    if isinstance(value, BYTES):
        return BlobResource(uri=uri, blob=bytes(value), mime_type=mime_type)
    if value is None:
        raise OutputError(f"The resource {uri!r} returned nothing; an empty one returns ''.")
    return TextResource(
        uri=uri, text=json_text(to_json_value(value)).text, mime_type=mime_type or JSON
    )


def checked_record(item: Any) -> ResourceContents:
    """An item of a list of records."""
    if isinstance(item, RECORDS):
        return item
    raise OutputError(f"{named(item)} stands in a list of resource contents and is none.")


def convert_prompt(value: Any) -> tuple[Message, ...]:
    """The messages of a prompt: one, or a list of messages, text and content."""
    if isinstance(value, (Message, *BLOCKS)):
        return (as_message(value),)
    if isinstance(value, list | tuple):
        return tuple(map(as_message, value))
    raise OutputError(f"A prompt returns text, a Message or a list of them, not {named(value)}.")


def as_message(item: Any) -> Message:
    """A message; text and content are the user's."""
    return item if isinstance(item, Message) else Message(content=as_content(item))
