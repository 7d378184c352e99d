"""Entries that stateless clients call again with answers."""

from __future__ import annotations

from typing import Any

from mcp_transport import Context, prompt, tool
from mcp_transport.registry.context import Question
from tools.conformance.questions import form

NAME_FORM = form("name", name={"type": "string"})
CONFIRM_FORM = form("ok", ok={"type": "boolean"})


def form_question(message: str, schema: dict[str, Any]) -> Question:
    """A form as one of several questions."""
    return Question(
        method="elicitation/create",
        params={"message": message, "requestedSchema": schema},
        capability={"elicitation": {}},
    )


def model_question(text: str, max_tokens: int) -> Question:
    """A prompt for the client's model as one of several questions."""
    message = {"role": "user", "content": {"type": "text", "text": text}}
    return Question(
        method="sampling/createMessage",
        params={"messages": [message], "maxTokens": max_tokens},
        capability={"sampling": {}},
    )


ROOTS_QUESTION = Question(method="roots/list", params={}, capability={"roots": {}})


@tool
async def test_input_required_result_elicitation(ctx: Context) -> str:
    """Ask for a name."""
    answer = await ctx.elicit("What is your name?", NAME_FORM, key="user_name")
    return f"Hello, {answer.content.get('name', 'stranger')}!"


@tool
async def test_input_required_result_sampling(ctx: Context) -> str:
    """Ask the client's model for a capital."""
    sample = await ctx.sample(
        "What is the capital of France?", max_tokens=100, key="capital_question"
    )
    return f"The model said: {sample.text}"


@tool
async def test_input_required_result_list_roots(ctx: Context) -> str:
    """Ask where the client works."""
    roots = await ctx.list_roots(key="client_roots")
    return f"Roots: {', '.join(root.uri for root in roots)}"


@tool
async def test_input_required_result_request_state(ctx: Context) -> str:
    """Carry a value from the first round to the second."""
    state = ctx.remember("state", "state-ok")
    await ctx.elicit("Please confirm", CONFIRM_FORM, key="confirm")
    return f"Confirmed: {state}"


@tool
async def test_input_required_result_multiple_inputs(ctx: Context) -> str:
    """Ask three things at once."""
    ctx.remember("asked", 3)
    answers = await ctx.ask(
        {
            "user_name": form_question("What is your name?", NAME_FORM),
            "greeting": model_question("Generate a greeting", 50),
            "client_roots": ROOTS_QUESTION,
        }
    )
    return f"Received {len(answers)} answers."


@tool
async def test_input_required_result_multi_round(ctx: Context) -> str:
    """Ask one thing after the other."""
    first = await ctx.elicit("Step 1: What is your name?", NAME_FORM, key="step1")
    colour_form = form("color", color={"type": "string"})
    second = await ctx.elicit("Step 2: What is your favorite color?", colour_form, key="step2")
    return f"{first.content.get('name')} likes {second.content.get('color')}."


@tool
async def test_input_required_result_tampered_state(ctx: Context) -> str:
    """Ask with a state that the client must bring back as it is."""
    ctx.remember("sealed", True)
    await ctx.elicit("Please confirm", CONFIRM_FORM, key="confirm")
    return "Confirmed with the state as it was."


@tool
async def test_input_required_result_capabilities(ctx: Context) -> str:
    """Ask only what the client declared that it can do."""
    possible = {
        "user_name": form_question("What is your name?", NAME_FORM),
        "greeting": model_question("Generate a greeting", 50),
        "client_roots": ROOTS_QUESTION,
    }
    declared = ctx.client_capabilities.keys()
    questions = {
        key: asked for key, asked in possible.items() if asked.capability.keys() <= declared
    }
    answers = await ctx.ask(questions) if questions else {}
    return f"Received {len(answers)} answers."


@prompt
async def test_input_required_result_prompt(ctx: Context) -> str:
    """Ask for the context of a prompt."""
    context_form = form("context", context={"type": "string"})
    answer = await ctx.elicit(
        "What context should the prompt use?", context_form, key="user_context"
    )
    return f"Use this context: {answer.content.get('context', '')}"
