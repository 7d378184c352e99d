"""
Runs clients that are built on the official ones against a running site.

    MCP_TOKEN=... python3 scripts/clients/built_on.py http://127.0.0.1:8000/mcp/demo

They take minutes to install, so continuous integration leaves them out. Each
lists the demo's tools and calls one, over Streamable HTTP and over SSE; it is
run with the interpreter of an environment of its own. The last line and the
exit status are those of run.py.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from run import Release, interpreter, lines_of

HERE = Path(__file__).resolve()
LIMIT = 60  # seconds for one client
TEXT = "hello"
Found = AsyncIterator[tuple[str, int, Any]]  # way, number of tools, what a call said


async def fastmcp(url: str, headers: dict[str, str]) -> Found:
    """FastMCP's own client."""
    from fastmcp import Client
    from fastmcp.client.transports import SSETransport, StreamableHttpTransport

    ways = (StreamableHttpTransport(url, headers=headers), SSETransport(f"{url}/sse", headers))
    for way in ways:
        async with Client(way) as client:
            said = await client.call_tool("echo", {"text": TEXT})
            yield type(way).__name__, len(await client.list_tools()), said.content


async def langchain(url: str, headers: dict[str, str]) -> Found:
    """LangChain's adapters."""
    from langchain_mcp_adapters.client import MultiServerMCPClient

    for way, address in (("streamable_http", url), ("sse", f"{url}/sse")):
        server = {"transport": way, "url": address, "headers": headers}
        tools = await MultiServerMCPClient({"demo": server}).get_tools()
        echo = next(tool for tool in tools if tool.name == "echo")
        yield way, len(tools), await echo.ainvoke({"text": TEXT})


async def openai_agents(url: str, headers: dict[str, str]) -> Found:
    """The Agents SDK."""
    from agents.mcp import MCPServerSse, MCPServerStreamableHttp

    for kind, address in ((MCPServerStreamableHttp, url), (MCPServerSse, f"{url}/sse")):
        async with kind(params={"url": address, "headers": headers}) as server:
            said = await server.call_tool("echo", {"text": TEXT})
            yield kind.__name__, len(await server.list_tools()), said.content


async def pydantic_ai(url: str, headers: dict[str, str]) -> Found:
    """Pydantic AI, which tells the transport from the address."""
    from pydantic_ai.mcp import MCPToolset

    for address in (url, f"{url}/sse"):
        async with MCPToolset(address, headers=headers) as server:
            said = await server.direct_call_tool("echo", {"text": TEXT})
            yield address.rpartition("/")[2], len(await server.list_tools()), said


async def mcp_proxy(url: str, headers: dict[str, str]) -> Found:
    """mcp-proxy, with the official client behind it."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    program = str(Path(sys.executable).with_name("mcp-proxy"))
    given = [
        "--log-level",
        "ERROR",
        "--headers",
        "Authorization",
        headers["Authorization"],
        "--transport",
    ]
    for way, address in (("streamablehttp", url), ("sse", f"{url}/sse")):
        front = StdioServerParameters(command=program, args=[*given, way, address])
        async with stdio_client(front) as streams, ClientSession(*streams) as client:
            await client.initialize()
            said = await client.call_tool("echo", {"text": TEXT})
            yield way, len((await client.list_tools()).tools), said.content


CLIENTS: dict[Callable[[str, dict[str, str]], Found], tuple[str, ...]] = {
    fastmcp: ("fastmcp>=4,<5",),
    langchain: ("langchain-mcp-adapters>=0.3,<0.4", "mcp<2"),
    openai_agents: ("openai-agents>=0.24,<0.25",),
    pydantic_ai: ("pydantic-ai-slim[mcp]>=2.68,<3",),
    mcp_proxy: ("mcp-proxy>=0.12,<1", "mcp<2"),
}


async def check(name: str, url: str) -> bool:
    """Run one client; whether every way was good."""
    client = next(client for client in CLIENTS if client.__name__ == name)
    headers = {"Authorization": f"Bearer {os.environ['MCP_TOKEN']}"}
    is_good = True
    try:
        async with asyncio.timeout(LIMIT):
            async for way, count, said in client(url, headers):
                passed = count > 10 and TEXT in str(said)
                is_good = is_good and passed
                print(f"  ok    {way}" if passed else f"  FAIL  {way}: {count} tools, {said}")
    except Exception as error:  # noqa: BLE001  whatever stops the client is the finding
        print(f"  FAIL  {name}: {error!r}")
        return False
    return is_good


def main(url: str) -> int:
    """Run every client in its environment; the exit status."""
    lines: list[str] = []
    for client, requirements in CLIENTS.items():
        print(" ".join(requirements), flush=True)
        try:
            python = interpreter(Release(requirements, "", ""))
        except subprocess.CalledProcessError as error:
            print(f"could not install it: exit status {error.returncode}")
            return 2
        found = lines_of([python, str(HERE), url, client.__name__])
        print("\n".join(found), flush=True)
        lines += found
    failed = sum(line.startswith("  FAIL") for line in lines)
    print(f"{sum(line.startswith('  ok') for line in lines)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if "MCP_TOKEN" not in os.environ or len(sys.argv) not in (2, 3):
        sys.exit("usage: MCP_TOKEN=... built_on.py URL")
    if len(sys.argv) == 3:
        sys.exit(0 if asyncio.run(check(sys.argv[2], sys.argv[1])) else 1)
    sys.exit(main(sys.argv[1]))
