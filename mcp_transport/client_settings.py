"""
What a person pastes into an MCP client to reach a server. Pure: no I/O.

The clients whose settings `make run` prints come first.
"""

from __future__ import annotations

import json
from typing import Any

NO_TOKEN = "YOUR_TOKEN"  # noqa: S105  stands where a token goes
PRINTED = 4  # clients that people use without writing a program

PYTHON = """\
import asyncio

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client


async def main() -> None:
    async with create_mcp_http_client(headers=HEADERS) as http:
        async with Client(streamable_http_client("URL", http_client=http)) as client:
            print(await client.list_tools())


asyncio.run(main())"""

TYPESCRIPT = """\
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const transport = new StreamableHTTPClientTransport(new URL("URL"), {
  requestInit: { headers: HEADERS },
});
const client = new Client({ name: "example", version: "1.0.0" });
await client.connect(transport);
console.log(await client.listTools());"""


def authorization(token: str | None) -> str:
    """The header that carries a token, or says where one goes."""
    return f"Bearer {token or NO_TOKEN}"


def client_settings(name: str, url: str, token: str | None) -> str:
    """The settings of the usual clients as text, each under its heading."""
    usual = list(snippets(name, url, authorization(token)).items())[:PRINTED]
    return "\n\n".join(f"# {heading}\n{text}" for heading, text in usual)


def snippets(name: str, url: str, credentials: str | None) -> dict[str, str]:
    """What to paste, by client; without credentials for a server that asks for none."""
    headers = {"Authorization": credentials} if credentials else {}
    return {
        "Claude Code": _claude_code(name, url, credentials),
        "Claude Desktop, claude_desktop_config.json": _through_mcp_remote(name, url, credentials),
        "Cursor, .cursor/mcp.json": _json({"mcpServers": {name: _entry(url, headers)}}),
        "VS Code, .vscode/mcp.json": _json(
            {"servers": {name: {"type": "http", **_entry(url, headers)}}}
        ),
        "mcp-remote, for clients that only start programs": _mcp_remote(url, credentials),
        "Python, mcp 2": _program(PYTHON, url, headers),
        "TypeScript, @modelcontextprotocol/sdk 1": _program(TYPESCRIPT, url, headers),
    }


def _claude_code(name: str, url: str, credentials: str | None) -> str:
    command = f"claude mcp add --transport http {name} {url}"
    return f'{command} --header "Authorization: {credentials}"' if credentials else command


def _through_mcp_remote(name: str, url: str, credentials: str | None) -> str:
    entry: dict[str, Any] = {"command": "npx", "args": ["-y", "mcp-remote", url]}
    if credentials:
        # Some systems split an argument at its blank, so the header's value goes by the environment.
        entry["args"] += ["--header", "Authorization:${AUTHORIZATION}"]
        entry["env"] = {"AUTHORIZATION": credentials}
    return _json({"mcpServers": {name: entry}})


def _mcp_remote(url: str, credentials: str | None) -> str:
    command = f"npx -y mcp-remote {url}"
    return f'{command} --header "Authorization: {credentials}"' if credentials else command


def _program(text: str, url: str, headers: dict[str, str]) -> str:
    return text.replace('"URL"', json.dumps(url)).replace("HEADERS", json.dumps(headers))


def _entry(url: str, headers: dict[str, str]) -> dict[str, Any]:
    return {"url": url, "headers": headers} if headers else {"url": url}


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2)
