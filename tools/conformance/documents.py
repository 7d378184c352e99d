"""Resources, a template and prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_transport import EmbeddedResource, Image, Text, TextResource, prompt, resource
from tools.conformance.samples import PNG


@resource("test://static-text", name="static-text", mime_type="text/plain")
async def static_text() -> str:
    """A text that never changes."""
    return "This is the content of the static text resource."


@resource("test://static-binary", name="static-binary", mime_type="image/png")
async def static_binary() -> bytes:
    """An image that never changes."""
    return PNG


@resource("test://watched-resource", name="watched-resource", mime_type="text/plain")
async def watched_resource() -> str:
    """A text to subscribe to."""
    return "Watched resource content."


@resource("test://template/{id}/data", name="template-data", mime_type="application/json")
async def template_data(id: str) -> dict[str, Any]:  # noqa: A002  the suite's variable
    """What is known under an id."""
    return {"id": id, "templateTest": True, "data": f"Data for ID: {id}"}


@prompt
async def test_simple_prompt() -> str:
    """A prompt without arguments."""
    return "This is a simple prompt for testing."


def complete_nothing(value: str, arguments: Mapping[str, str]) -> list[str]:
    """No suggestion: the suite only asks that there is an answer."""
    return []


@prompt(completions={"arg1": complete_nothing, "arg2": complete_nothing})
async def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """A prompt with two arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


@prompt
async def test_prompt_with_embedded_resource(resourceUri: str) -> list[EmbeddedResource | str]:
    """A prompt that carries a resource."""
    record = TextResource(
        uri=resourceUri, text="Embedded resource content for testing.", mime_type="text/plain"
    )
    return [EmbeddedResource(resource=record), "Please process the embedded resource above."]


@prompt
async def test_prompt_with_image() -> list[Image | Text]:
    """A prompt that carries an image."""
    return [
        Image(data=PNG, mime_type="image/png"),
        Text(text="Please analyze the image above."),
    ]
