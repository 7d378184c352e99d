"""
What tools, resources and prompts are made of on the wire.

Pure: no I/O, no Django. The records encode themselves with the names of the
specification; bytes become base64. Later revisions know more fields than
earlier ones, and :mod:`mcp_transport.protocol.shaping` takes away what a
client's revision does not know.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Role = Literal["user", "assistant"]
Meta = dict[str, Any]


class Record(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A frozen record whose members carry the specification's names."""


class Annotations(Record, frozen=True):
    """Hints on who a piece of content is for and how much it matters."""

    audience: tuple[Role, ...] | None = None
    priority: float | None = None  # 0 (optional) to 1 (required)
    last_modified: str | None = None  # ISO 8601


class Icon(Record, frozen=True):
    """An image a client may show beside a server, tool, resource or prompt."""

    src: str  # http(s) or data URI
    mime_type: str | None = None
    sizes: tuple[str, ...] | None = None  # "48x48", "any"
    theme: Literal["light", "dark"] | None = None


class Described(Record, frozen=True, kw_only=True):
    """What every piece of content may carry."""

    annotations: Annotations | None = None
    meta: Meta | None = msgspec.field(default=None, name="_meta")


class Text(Described, frozen=True, tag="text", tag_field="type"):
    """Plain text."""

    text: str


class Image(Described, frozen=True, tag="image", tag_field="type"):
    """An image, its bytes encoded in base64 when it is sent."""

    data: bytes
    mime_type: str


class Audio(Described, frozen=True, tag="audio", tag_field="type"):
    """A sound, its bytes encoded in base64 when it is sent."""

    data: bytes
    mime_type: str


class ResourceLink(Described, frozen=True, tag="resource_link", tag_field="type"):
    """A resource the client may read or subscribe to."""

    uri: str
    name: str
    title: str | None = None
    description: str | None = None
    mime_type: str | None = None
    size: int | None = None  # bytes
    icons: tuple[Icon, ...] | None = None


class TextResource(Record, frozen=True):
    """The text of a resource."""

    uri: str
    text: str
    mime_type: str | None = None
    meta: Meta | None = msgspec.field(default=None, name="_meta")


class BlobResource(Record, frozen=True):
    """The bytes of a resource, encoded in base64 when they are sent."""

    uri: str
    blob: bytes
    mime_type: str | None = None
    meta: Meta | None = msgspec.field(default=None, name="_meta")


ResourceContents = TextResource | BlobResource


class EmbeddedResource(Described, frozen=True, tag="resource", tag_field="type"):
    """A resource's contents inside a result or a prompt."""

    resource: ResourceContents


Content = Text | Image | Audio | ResourceLink | EmbeddedResource
CONTENT_TYPES = (Text, Image, Audio, ResourceLink, EmbeddedResource)


class Message(Record, frozen=True, omit_defaults=False):
    """One message of a prompt."""

    content: Content
    role: Role = "user"


def to_wire(record: Any) -> Any:
    """The JSON value of a record, with the names of the specification."""
    return msgspec.to_builtins(record)
