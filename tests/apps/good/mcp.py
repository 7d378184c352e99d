"""What the tests call: each entry does one thing that a revision has an opinion on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from mcp_transport import (
    Annotations,
    Audio,
    BlobResource,
    Context,
    EmbeddedResource,
    Header,
    Icon,
    Image,
    Message,
    ResourceLink,
    SyncContext,
    Text,
    TextResource,
    ToolError,
    ToolResult,
    prompt,
    resource,
    tool,
)
from mcp_transport.registry.context import Question
from tests.apps.good.probe import LIMIT, probe

PIXEL = b"\x89PNG\r\n\x1a\n"
SOUND = b"RIFF"
ICON = Icon(src="https://example.com/icon.png", mime_type="image/png", sizes=("48x48",))


class Parcel(BaseModel):
    """Something to be sent."""

    weight: Annotated[float, Field(gt=0, description="In kilograms.")]
    speed: Literal["slow", "fast"] = "slow"


class Price(BaseModel):
    """What it costs."""

    amount: float
    currency: str = "EUR"


class Name(BaseModel):
    """A form with one field."""

    name: str


# --- tools: values ------------------------------------------------------------


@tool
async def nothing() -> None:
    """Do nothing."""


@tool(read_only=True, idempotent=True, title="Repeat", icons=(ICON,), meta={"example.com/kind": 1})
async def repeat(text: str) -> str:
    """
    Say it again.

    Args:
        text: What to say.
    """
    return text


@tool(destructive=False, open_world=False)
def quote(parcel: Parcel, copies: int = 1) -> Price:
    """Tell what sending a parcel costs."""
    return Price(amount=parcel.weight * copies)


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def primes(limit: int) -> list[int]:
    """List the primes below a limit."""
    return [n for n in range(2, limit) if all(n % d for d in range(2, n))]


@tool
def media() -> list[Text | Image | Audio | ResourceLink | EmbeddedResource]:
    """Show every kind of content."""
    return [
        Text(
            text="all",
            annotations=Annotations(audience=("user",), last_modified="2026-01-01T00:00:00Z"),
            meta={"example.com/kind": 1},
        ),
        Image(data=PIXEL, mime_type="image/png"),
        Audio(data=SOUND, mime_type="audio/wav"),
        ResourceLink(uri="note://plain", name="plain", title="A plain note", icons=(ICON,)),
        EmbeddedResource(resource=TextResource(uri="note://plain", text="plain")),
    ]


@tool
def fails() -> str:
    """Fail in a way that the model can read."""
    raise ToolError("The shelf is empty; try tomorrow.")


@tool
def breaks() -> str:
    """Fail in a way that nobody foresaw."""
    raise RuntimeError("the password is hunter2")


@tool
def lies() -> Price:
    """Return what was not declared."""
    return {"amount": "a lot"}  # type: ignore[return-value]  # the test is about this


@tool
def own_result() -> ToolResult:
    """Build the result by hand."""
    return ToolResult(content=(Text(text="by hand"),), meta={"example.com/kind": 1})


@tool
async def chunks(count: int = 3) -> AsyncIterator[str]:
    """Come in pieces."""
    for number in range(count):
        yield f"{number} "


@tool
def sync_chunks(count: int = 3) -> Iterator[str]:
    """Come in pieces from a thread."""
    for number in range(count):
        yield f"{number} "


@tool(permission="auth.view_user", read_only=True)
async def staff_only() -> str:
    """Be called by those who may."""
    return "staff"


@tool
async def routed(
    region: Annotated[str | None, Header("Region")] = None,
    floor: Annotated[int | None, Header("Floor")] = None,
    express: Annotated[bool | None, Header("Express")] = None,
) -> str:
    """Take arguments that gateways read."""
    return f"{region} {floor} {express}"


@tool(
    input_schema={
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"pair": {"type": "array", "items": [{"type": "integer"}]}},
        "required": ["pair"],
        "additionalProperties": False,
    }
)
async def draft_seven(pair: list[Any]) -> str:
    """Describe the arguments in an older dialect."""
    return str(pair)


# --- tools: while they run ------------------------------------------------------


@tool
async def count(ctx: Context, steps: int = 3, total: int | None = None) -> str:
    """Report progress."""
    for step in range(steps):
        await ctx.progress(step + 1, total, f"step {step + 1}")
    return "counted"


@tool
def count_in_thread(ctx: SyncContext, steps: int = 3) -> str:
    """Report progress from a thread."""
    for step in range(steps):
        ctx.progress(step + 1, steps)
    return "counted"


@tool
async def stumble(ctx: Context) -> str:
    """Report progress that does not only increase."""
    for value in (1, 5, 3, 5, 7):
        await ctx.progress(value)
    return "stumbled"


@tool
async def narrate(ctx: Context) -> str:
    """Write to the client's log."""
    await ctx.log("debug", "a detail")
    await ctx.log("info", {"step": 1}, logger="good")
    await ctx.log("error", "a problem")
    return "told"


@tool
async def wait(ctx: Context, report: bool = False) -> str:
    """Wait until the test says so."""
    if report:
        await ctx.progress(1)
    probe.started.set()
    try:
        await probe.wait(probe.released)
    except asyncio.CancelledError:
        probe.cancelled.set()
        raise
    probe.finished.set()
    return "waited"


@tool
def wait_in_thread(ctx: SyncContext) -> str:
    """Wait in a thread until nobody waits for it."""
    probe.thread_started.set()
    end = time.monotonic() + LIMIT
    while not ctx.cancelled and time.monotonic() < end:
        time.sleep(0.005)
    if ctx.cancelled:
        probe.thread_cancelled.set()
    return "dropped"


@tool(timeout=0.1)
async def dawdle(ctx: Context) -> str:
    """Take longer than allowed, and say so all the time."""
    for step in range(1000):
        await ctx.progress(step)
        await asyncio.sleep(0.01)
    return "never"


@tool
async def step_aside(ctx: Context) -> str:
    """Let the client go and finish without it."""
    await ctx.close_stream()
    probe.started.set()
    await probe.wait(probe.released)
    return "finished alone"


@tool
async def touch(ctx: Context, uri: str) -> str:
    """Tell that a resource has changed."""
    await ctx.resource_updated(uri)
    return "touched"


@tool
async def announce(ctx: Context, kind: Literal["tools", "resources", "prompts"]) -> str:
    """Tell that a list has changed."""
    await ctx.list_changed(kind)
    return "announced"


# --- tools: questions -----------------------------------------------------------


@tool
async def greet(ctx: Context) -> str:
    """Ask for a name."""
    probe.seen.append("asked")
    answer = await ctx.elicit("What is your name?", Name)
    if not answer.is_accepted:
        return f"You said {answer.action}."
    return f"Hello, {answer.content['name']}!"


@tool
def greet_in_thread(ctx: SyncContext) -> str:
    """Ask for a name from a thread."""
    answer = ctx.elicit("What is your name?", Name)
    return f"Hello, {answer.content['name']}!" if answer.is_accepted else answer.action


@tool
async def interview(ctx: Context) -> str:
    """Ask twice; the second question comes from the first answer."""
    ticket = ctx.remember("ticket", len(probe.seen))
    probe.seen.append(ticket)
    first = await ctx.elicit("What is your name?", Name, key="first")
    second = await ctx.elicit(f"And yours, {first.content['name']}?", Name, key="second")
    return f"{first.content['name']} and {second.content['name']}, {ticket}"


@tool
async def visit(ctx: Context, link: str = "https://example.com/connect") -> str:
    """Send the user to a page."""
    answer = await ctx.elicit("Please connect your account.", url=link)
    return answer.action


@tool
async def ask_secret(ctx: Context) -> str:
    """Ask for what no form may ask for."""
    schema = {"type": "object", "properties": {"password": {"type": "string"}}}
    answer = await ctx.elicit("Your password, please.", schema)
    return answer.action


@tool
async def ask_nested(ctx: Context) -> str:
    """Ask with a form that is not flat."""
    nested = {"type": "object", "properties": {"a": {"type": "object"}}}
    answer = await ctx.elicit("Fill in everything.", nested)
    return answer.action


@tool
async def compose(ctx: Context, words: str) -> str:
    """Let the client's model write."""
    sample = await ctx.sample(words, max_tokens=50, system_prompt="Be short.")
    return sample.text


@tool
async def compose_with_tools(ctx: Context) -> str:
    """Let the client's model use a tool."""
    use = {"type": "tool_use", "id": "u1", "name": "add", "input": {"a": 1}}
    outcome = {
        "type": "tool_result",
        "toolUseId": "u1",
        "content": [{"type": "text", "text": "2"}],
    }
    sample = await ctx.sample(
        [
            {"role": "user", "content": {"type": "text", "text": "Add."}},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [outcome]},
        ],
        max_tokens=50,
        tools=[{"name": "add", "inputSchema": {"type": "object"}}],
    )
    return sample.text


@tool(requires={"sampling": {}})
async def needs_sampling() -> str:
    """Be of no use to a client that cannot sample."""
    return "ready"


@tool
async def locate(ctx: Context) -> str:
    """Ask for the client's directories."""
    return ", ".join(root.uri for root in await ctx.list_roots())


@tool
async def ask_everything(ctx: Context) -> str:
    """Ask three things at once."""
    answers = await ctx.ask(
        {
            "name": Question(
                method="elicitation/create",
                params={
                    "message": "Name?",
                    "requestedSchema": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}},
                        "required": ["name"],
                    },
                },
                capability={"elicitation": {}},
            ),
            "poem": Question(
                method="sampling/createMessage",
                params={
                    "messages": [{"role": "user", "content": {"type": "text", "text": "Go."}}],
                    "maxTokens": 10,
                },
                capability={"sampling": {}},
            ),
            "roots": Question(method="roots/list", params={}, capability={"roots": {}}),
        }
    )
    return ", ".join(sorted(answers))


@tool
async def ask_by_hand(ctx: Context) -> str:
    """Ask for a secret with a question that nobody has checked yet."""
    schema = {"type": "object", "properties": {"password": {"type": "string"}}}
    params = {"message": "Who goes there?", "requestedSchema": schema}
    question = Question(method="elicitation/create", params=params, capability={"elicitation": {}})
    return str(await ctx.ask({"secret": question}))


@tool
async def choose(ctx: Context, several: bool) -> str:
    """Ask for one, or for several of two things with titles."""
    choices = [{"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}]
    one = {"type": "string", "oneOf": choices}
    many = {"type": "array", "items": {"anyOf": choices}}
    answer = await ctx.elicit("Which?", {"properties": {"size": many if several else one}})
    return str(answer.content["size"])


# --- resources ------------------------------------------------------------------


@resource(
    "note://plain",
    title="A plain note",
    mime_type="text/plain",
    size=5,
    icons=(ICON,),
    meta={"example.com/kind": 1},
    annotations=Annotations(
        audience=("assistant",), priority=0.5, last_modified="2026-01-01T00:00:00Z"
    ),
)
async def plain() -> str:
    """Five letters."""
    return "plain"


@resource("note://pixel", mime_type="image/png")
def pixel() -> bytes:
    """The beginning of an image."""
    return PIXEL


@resource("note://several")
def several() -> list[TextResource | BlobResource]:
    """A folder."""
    return [
        TextResource(uri="note://several/a", text="a"),
        BlobResource(uri="note://several/b", blob=b"b"),
    ]


@resource("note://broken")
def broken() -> str:
    """Cannot be read."""
    raise RuntimeError("the password is hunter2")


@resource("note://staff", permission="auth.view_user")
def staff_note() -> str:
    """For those who may."""
    return "staff"


@resource("note://personal")
async def personal(ctx: Context) -> str:
    """Says who reads it, and asks for it."""
    answer = await ctx.elicit("What is your name?", Name)
    return f"for {answer.content['name']}"


def complete_item(value: str, arguments: Mapping[str, str]) -> list[str]:
    """Item numbers."""
    return [f"{number:03}" for number in range(150) if f"{number:03}".startswith(value)]


@resource(
    "note://item/{number}", mime_type="application/json", completions={"number": complete_item}
)
def item(number: str) -> dict[str, str]:
    """One of many."""
    if number == "999":
        raise ToolError("There is no item 999.")
    return {"number": number}


@resource("file:///shelf/{+path}")
async def shelf(path: str) -> str:
    """A file below the shelf."""
    return f"file {path}"


# --- prompts --------------------------------------------------------------------


def complete_season(value: str, arguments: Mapping[str, str]) -> list[str]:
    """Seasons; in the south they are other ones."""
    seasons = ["winter", "wet"] if arguments.get("half") == "south" else ["spring", "summer"]
    return [season for season in seasons if season.startswith(value)]


@prompt(title="Plan a trip", icons=(ICON,), completions={"season": complete_season})
def plan(season: str, half: str = "north") -> str:
    """
    Plan a trip.

    Args:
        season: When to go.
        half: Of the globe.
    """
    return f"Plan a trip in {season}, {half}."


@prompt
async def illustrated() -> list[Message]:
    """Show every kind of message."""
    return [
        Message(content=Text(text="Look.")),
        Message(content=Image(data=PIXEL, mime_type="image/png")),
        Message(content=Audio(data=SOUND, mime_type="audio/wav")),
        Message(
            role="assistant",
            content=EmbeddedResource(resource=TextResource(uri="note://plain", text="plain")),
        ),
        Message(content=ResourceLink(uri="note://plain", name="plain")),
    ]


@prompt
def broken_prompt() -> str:
    """Cannot be written."""
    raise RuntimeError("the password is hunter2")


@prompt(permission="auth.view_user", completions={"who": complete_item})
def staff_prompt(who: str) -> str:
    """For those who may."""
    return who


@prompt
async def personal_prompt(ctx: Context) -> str:
    """Ask for a name first."""
    answer = await ctx.elicit("What is your name?", Name)
    return f"Write to {answer.content['name']}."
