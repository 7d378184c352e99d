"""
Lists and calls the demo's entries with whichever official client is installed.

Run by run.py with the interpreter of an environment that has one release of
the ``mcp`` package; reads MCP_TOKEN. Prints one line for each check.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mcp.types as types
from pydantic import AnyUrl

CHECK_LIMIT = 20  # seconds
MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
IS_NEW_API = int(version("mcp").partition(".")[0]) >= 2
# How the releases say 401; a server that does not answer is said otherwise.
REFUSAL = re.compile("asks for a bearer token|401|Unauthorized|returned an error response")
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


class Connection:
    """A connected client of any release; results come as they were on the wire."""

    def __init__(self, client: Any, revision: str) -> None:
        self.client = client
        self.revision = revision

    async def ask(self, method: str, *args: Any, **options: Any) -> dict[str, Any]:
        """Call a method of the client."""
        result = await getattr(self.client, method)(*args, **options)
        return result.model_dump(by_alias=True, mode="json", exclude_none=True)

    async def call(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must not fail."""
        result = await self.ask("call_tool", name, arguments)
        assert not result.get("isError"), result
        return result

    async def read(self, uri: str) -> dict[str, Any]:
        """The contents of a resource."""
        result = await self.ask("read_resource", uri if IS_NEW_API else AnyUrl(uri))
        return result["contents"][0]

    def knows(self, revision: str) -> bool:
        """Whether the negotiated revision is at least this one; they sort as dates."""
        return self.revision >= revision


async def fill_form(_context: Any, params: Any) -> Any:
    """What the user answers to every form."""
    return types.ElicitResult(action="accept", content={"reason": "ordered twice", "restock": True})


async def speak(_context: Any, params: Any) -> Any:
    """What the client's model says to everything."""
    content = types.TextContent(type="text", text="Buy it, and read it twice.")
    return types.CreateMessageResult(role="assistant", content=content, model="a-test-model")


@asynccontextmanager
async def connect(
    url: str, headers: dict[str, str], mode: str, transport: str
) -> AsyncIterator[Connection]:
    """A client of the installed release, connected."""
    if IS_NEW_API:
        opened = connect_new(url, headers, mode, transport)
    else:
        opened = connect_old(url, headers, transport)
    async with opened as connection:
        yield connection


@asynccontextmanager
async def connect_new(
    url: str, headers: dict[str, str], mode: str, transport: str
) -> AsyncIterator[Connection]:
    """Release 2: one client for both eras."""
    from mcp import Client
    from mcp.client.sse import sse_client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    async with create_mcp_http_client(headers=headers) as http:
        if transport == "stdio":
            way = front(url, headers)
        elif transport == "sse":
            way = sse_client(f"{url}/sse", headers=headers)
        else:
            way = streamable_http_client(url, http_client=http)
        client = Client(way, mode=mode, sampling_callback=speak, elicitation_callback=fill_form)
        async with client:
            yield Connection(client, client.protocol_version)


@asynccontextmanager
async def connect_old(
    url: str, headers: dict[str, str], transport: str
) -> AsyncIterator[Connection]:
    """Release 1: a transport and a session; 1.9 knows no elicitation."""
    from mcp import ClientSession

    callbacks = {"sampling_callback": speak}
    if hasattr(types, "ElicitResult"):
        callbacks["elicitation_callback"] = fill_form
    async with (
        open_old(url, headers, transport) as (reader, writer, *_session_id),
        ClientSession(reader, writer, **callbacks) as session,
    ):
        answer = await session.initialize()
        yield Connection(session, answer.protocolVersion)


def open_old(url: str, headers: dict[str, str], transport: str) -> Any:
    """The transport of release 1; a WebSocket takes no headers, and a ticket instead."""
    if transport == "stdio":
        return front(url, headers)
    if transport == "sse":
        from mcp.client.sse import sse_client

        return sse_client(f"{url}/sse", headers=headers)
    if transport == "ws":
        from mcp.client.websocket import websocket_client

        query = f"?ticket={ticket(url, headers)}" if headers else ""
        return websocket_client(f"{url}/ws{query}".replace("http", "ws", 1))
    from mcp.client.streamable_http import streamablehttp_client

    return streamablehttp_client(url, headers=headers)


def front(url: str, headers: dict[str, str]) -> Any:
    """The endpoint behind standard input and output: ``manage.py mcp connect``."""
    from mcp import StdioServerParameters
    from mcp.client.stdio import stdio_client

    token = headers.get("Authorization", "").removeprefix("Bearer ")
    command, arguments = os.environ["MCP_PYTHON"], [str(MANAGE), "mcp", "connect", url]
    environment = {**os.environ, "MCP_TOKEN": token}
    return stdio_client(StdioServerParameters(command=command, args=arguments, env=environment))


def ticket(url: str, headers: dict[str, str]) -> str:
    """What opens one WebSocket."""
    import httpx

    answer = httpx.post(f"{url}/ws/ticket", headers=headers).raise_for_status()
    return answer.json()["ticket"]


def texts(result: dict[str, Any]) -> str:
    """The text blocks of a result, joined."""
    return "".join(block.get("text", "") for block in result["content"])


# --- the checks -------------------------------------------------------------


async def check_tools_are_listed(on: Connection) -> None:
    """The demo's tools are listed, without the one that wants a permission."""
    tools = {tool["name"]: tool for tool in (await on.ask("list_tools"))["tools"]}
    assert {"echo", "search_books", "order_book", "take_stock"} <= tools.keys(), sorted(tools)
    assert "set_price" not in tools, "a tool is listed whose permission is missing"
    assert tools["echo"]["inputSchema"]["required"] == ["text"], tools["echo"]


async def check_echo(on: Connection) -> None:
    """A text comes back as it was sent."""
    text = 'snowman \u2603, quotes " and \\, \U0001f4da'
    assert texts(await on.call("echo", text=text)) == text


async def check_structured_result(on: Connection) -> None:
    """A tool on the ORM answers in text and, where it is known, structured."""
    result = await on.call("search_books", words="Darwin")
    assert "beagle" in texts(result), result
    if on.knows("2025-06-18"):
        found = result["structuredContent"]
        # A list stands in an object until the revision that allows any value.
        books = found if on.knows("2026-07-28") else found["result"]
        codes = {book["code"] for book in books}
        assert codes == {"beagle", "origin"}, result
    else:
        assert "structuredContent" not in result, result


async def check_object_result(on: Connection) -> None:
    """A model comes back with its own members."""
    report = json.loads(texts(await on.call("report_shelves")))
    assert report["sold_out"] == ["eothen"] or report["copies"], report


async def check_chunks(on: Connection) -> None:
    """What a generator yields arrives whole and in order."""
    assert texts(await on.call("count_down", start=3, pause=0.01)).split() == ["3", "2", "1", "0"]


async def check_progress(on: Connection) -> None:
    """Progress arrives before the result."""
    seen: list[float] = []

    async def watch(progress: float, total: float | None, message: str | None = None) -> None:
        seen.append(progress)

    result = await on.ask("call_tool", "take_stock", {"pause": 0.01}, progress_callback=watch)
    assert not result.get("isError"), result
    assert len(seen) >= 3, seen
    assert seen == sorted(seen), seen


async def check_image(on: Connection) -> None:
    """A tool's image is a PNG."""
    block = (await on.call("draw_shelves"))["content"][0]
    assert block["mimeType"] == "image/png", block
    assert b64decode(block["data"]).startswith(PNG_MAGIC), block


async def check_tool_error(on: Connection) -> None:
    """What a tool refuses, the model can read."""
    result = await on.ask("call_tool", "show_book", {"code": "no-such-book"})
    assert result["isError"], result
    assert "no-such-book" in texts(result), result


async def check_wrong_arguments(on: Connection) -> None:
    """Wrong arguments are named."""
    result = await on.ask("call_tool", "order_book", {"code": "origin", "quantity": 0, "gift": 1})
    assert result["isError"], result
    assert "quantity" in texts(result), result
    assert "gift" in texts(result), result


async def check_order_and_cancel(on: Connection) -> None:
    """An order is written; cancelling it asks the user, where the client can ask."""
    receipt = json.loads(texts(await on.call("order_book", code="candle", quantity=2)))
    assert receipt["quantity"] == 2, receipt
    if not on.knows("2025-06-18"):
        return
    answer = texts(await on.call("cancel_order", order=receipt["order"]))
    assert answer == f"Order {receipt['order']} is cancelled.", answer


async def check_sampling(on: Connection) -> None:
    """A tool asks the client's model."""
    assert texts(await on.call("write_blurb", code="candle")) == "Buy it, and read it twice."


async def check_resources(on: Connection) -> None:
    """Text, bytes and a template can be read."""
    listed = {entry["uri"] for entry in (await on.ask("list_resources"))["resources"]}
    assert {"shop://opening-hours", "shop://logo.png"} <= listed, listed
    templates = (await on.ask("list_resource_templates"))["resourceTemplates"]
    assert "shop://books/{code}" in {entry["uriTemplate"] for entry in templates}, templates
    assert "Monday" in (await on.read("shop://opening-hours"))["text"]
    assert b64decode((await on.read("shop://logo.png"))["blob"]).startswith(PNG_MAGIC)
    assert json.loads((await on.read("shop://books/origin"))["text"])["code"] == "origin"


async def check_prompts(on: Connection) -> None:
    """A prompt is listed and filled in."""
    listed = {entry["name"] for entry in (await on.ask("list_prompts"))["prompts"]}
    assert {"recommend_book", "plan_display"} <= listed, listed
    result = await on.ask("get_prompt", "recommend_book", {"genre": "science"})
    assert "Candle" in result["messages"][0]["content"]["text"], result


async def check_completion(on: Connection) -> None:
    """The arguments of prompts and templates are completed."""
    prompt = types.PromptReference(type="ref/prompt", name="recommend_book")
    found = await on.ask("complete", prompt, {"name": "genre", "value": "sc"})
    assert found["completion"]["values"] == ["science"], found
    template_type = getattr(types, "ResourceTemplateReference", None) or types.ResourceReference
    template = template_type(type="ref/resource", uri="shop://books/{code}")
    found = await on.ask("complete", template, {"name": "code", "value": "ori"})
    assert found["completion"]["values"] == ["origin"], found


CHECKS: list[Callable[[Connection], Awaitable[None]]] = [
    check_tools_are_listed,
    check_echo,
    check_structured_result,
    check_object_result,
    check_chunks,
    check_progress,
    check_image,
    check_tool_error,
    check_wrong_arguments,
    check_order_and_cancel,
    check_sampling,
    check_resources,
    check_prompts,
    check_completion,
]


def causes(error: BaseException) -> list[str]:
    """What went wrong, out of the groups that the clients wrap it in."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in causes(inner)]
    return [f"{type(error).__name__}: {error}"]


def report(name: str, error: BaseException | None = None) -> bool:
    """Print the line of a check; whether it passed."""
    if error is None:
        print(f"  ok    {name}")
    else:
        reason = " ".join(" | ".join(causes(error)).split())[:600]
        print(f"  FAIL  {name}: {reason}")
    return error is None


async def run_check(check: Callable[[Connection], Awaitable[None]], on: Connection) -> bool:
    """Run one check; a failure does not end the others."""
    try:
        await asyncio.wait_for(check(on), CHECK_LIMIT)
    except Exception as error:  # noqa: BLE001  a check may fail with anything
        return report(check.__name__.removeprefix("check_"), error)
    return report(check.__name__.removeprefix("check_"))


async def check_refusal_without_token(url: str, mode: str, transport: str) -> bool:
    """A client without a token does not get in."""
    try:
        async with asyncio.timeout(CHECK_LIMIT), connect(url, {}, mode, transport) as on:
            await on.ask("list_tools")
    except Exception as error:  # noqa: BLE001  each release raises something else
        is_refusal = any(REFUSAL.search(cause) for cause in causes(error))
        return report("refusal_without_token", None if is_refusal else error)
    return report("refusal_without_token", AssertionError("a client without a token got in"))


async def exercise(url: str, mode: str, expected: str, transport: str) -> bool:
    """Run every check on one connection."""
    headers = {"Authorization": f"Bearer {os.environ['MCP_TOKEN']}"}
    outcomes = []
    try:
        async with connect(url, headers, mode, transport) as on:
            wrong = None if on.revision == expected else AssertionError(on.revision)
            outcomes.append(report(f"negotiates_{expected}", wrong))
            outcomes.extend([await run_check(check, on) for check in CHECKS])
    except Exception as error:  # noqa: BLE001  whatever stops the client is the finding
        outcomes.append(report("connection", error))
    outcomes.append(await check_refusal_without_token(url, mode, transport))
    return all(outcomes)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(exercise(*sys.argv[1:5])) else 1)
