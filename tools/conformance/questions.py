"""Tools that ask the client one thing, as the revisions with sessions test it."""

from __future__ import annotations

from typing import Any

from mcp_transport import Context, tool

OPTIONS = ["option1", "option2", "option3"]


def form(*required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of a form."""
    return {"type": "object", "properties": properties, "required": list(required)}


def choices(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """Values that are shown under another name."""
    return [{"const": value, "title": title} for value, title in pairs]


@tool
async def test_sampling(ctx: Context, prompt: str) -> str:
    """Pass a prompt to the client's model."""
    sample = await ctx.sample(prompt, max_tokens=100)
    return f"LLM response: {sample.text}"


@tool
async def test_elicitation(ctx: Context, message: str) -> str:
    """Show the user a message and two fields."""
    answer = await ctx.elicit(
        message,
        form(
            "username",
            "email",
            username={"type": "string", "description": "The user's response"},
            email={"type": "string", "description": "The user's email address"},
        ),
    )
    return f"User response: {answer.action} {answer.content}"


@tool
async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
    """Ask with a default for every type of field."""
    status = {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"}
    answer = await ctx.elicit(
        "Please review and update the form fields with defaults",
        form(
            name={"type": "string", "default": "John Doe"},
            age={"type": "integer", "default": 30},
            score={"type": "number", "default": 95.5},
            status=status,
            verified={"type": "boolean", "default": True},
        ),
    )
    return f"Elicitation completed: action={answer.action}, content={answer.content}"


@tool
async def test_elicitation_sep1330_enums(ctx: Context) -> str:
    """Ask with every form that a choice can take."""
    answer = await ctx.elicit(
        "Please select options from the enum fields",
        form(
            untitledSingle={"type": "string", "enum": OPTIONS},
            titledSingle={
                "type": "string",
                "oneOf": choices(("value1", "First"), ("value2", "Second"), ("value3", "Third")),
            },
            legacyEnum={
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            untitledMulti={"type": "array", "items": {"type": "string", "enum": OPTIONS}},
            titledMulti={
                "type": "array",
                "items": {
                    "anyOf": choices(("value1", "First"), ("value2", "Second"), ("value3", "Third"))
                },
            },
        ),
    )
    return f"Elicitation completed: action={answer.action}, content={answer.content}"


@tool(requires={"sampling": {}})
async def test_missing_capability(ctx: Context) -> str:
    """Serve only clients that can sample."""
    return "The client declared sampling."


@tool
async def test_streaming_elicitation(ctx: Context) -> str:
    """Ask from a request whose stream may not carry the question."""
    answer = await ctx.elicit("Please confirm", form(ok={"type": "boolean"}))
    return f"Answered: {answer.action}"
