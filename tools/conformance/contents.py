"""Tools that answer at once, one for each kind of content and schema."""

from __future__ import annotations

from typing import Annotated, Any

from mcp_transport import (
    Audio,
    EmbeddedResource,
    Header,
    Image,
    Text,
    TextResource,
    ToolError,
    tool,
)
from tools.conformance.samples import PNG, WAV

DIALECT_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


@tool
async def test_simple_text() -> str:
    """Answer with a text."""
    return "This is a simple text response for testing."


@tool
async def test_image_content() -> Image:
    """Answer with an image."""
    return Image(data=PNG, mime_type="image/png")


@tool
async def test_audio_content() -> Audio:
    """Answer with a sound."""
    return Audio(data=WAV, mime_type="audio/wav")


@tool
async def test_embedded_resource() -> EmbeddedResource:
    """Answer with the contents of a resource."""
    text = "This is an embedded resource content."
    return EmbeddedResource(
        resource=TextResource(uri="test://embedded-resource", text=text, mime_type="text/plain")
    )


@tool
async def test_multiple_content_types() -> list[Text | Image | EmbeddedResource]:
    """Answer with a text, an image and a resource."""
    record = TextResource(
        uri="test://mixed-content-resource",
        text='{"test":"data","value":123}',
        mime_type="application/json",
    )
    return [
        Text(text="Multiple content types test:"),
        Image(data=PNG, mime_type="image/png"),
        EmbeddedResource(resource=record),
    ]


@tool
async def test_error_handling() -> str:
    """Fail in a way the model can read."""
    raise ToolError("This tool intentionally returns an error for testing")


@tool(input_schema=DIALECT_SCHEMA)
async def json_schema_2020_12_tool(**arguments: Any) -> str:
    """Take arguments by a schema that uses the whole dialect."""
    return f"Received {len(arguments)} arguments."


@tool
async def test_x_mcp_header(region: Annotated[str, Header("Region")] = "") -> str:
    """Repeat an argument that a header has to agree with."""
    return f"Region: {region}"
