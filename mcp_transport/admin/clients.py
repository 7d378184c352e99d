"""What a person pastes into an MCP client to reach a server of the site."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest

from mcp_transport.admin.parts import Copyable
from mcp_transport.conf import settings

NO_TOKEN = "YOUR_TOKEN"  # noqa: S105 - stands where a token goes


def server_url(request: HttpRequest, slug: str) -> str:
    """Where clients find a server."""
    return request.build_absolute_uri(f"{settings.MCP_PATH}/{slug}")


def client_settings(name: str, url: str, token: str | None = NO_TOKEN) -> list[Copyable]:
    """The settings of the usual clients; without a token for a server that asks for none."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    sections = {
        "Claude Code": _claude_code(name, url, token),
        "Claude Desktop, claude_desktop_config.json": _through_mcp_remote(name, url, token),
        "Cursor, .cursor/mcp.json": _json({"mcpServers": {name: _with(headers, url=url)}}),
        "VS Code, .vscode/mcp.json": _json(
            {"servers": {name: _with(headers, type="http", url=url)}}
        ),
        "Any client that starts a program, through mcp-remote": _mcp_remote(url, token),
        "The Python SDK": _python(url, token),
        "The TypeScript SDK": _typescript(url, token),
        "Without a client, by curl": _curl(url, token),
    }
    return [Copyable(label=label, value=text, block=True) for label, text in sections.items()]


def _with(headers: dict[str, str], **members: str) -> dict[str, Any]:
    return {**members, "headers": headers} if headers else dict(members)


def _claude_code(name: str, url: str, token: str | None) -> str:
    header = f' --header "Authorization: Bearer {token}"' if token else ""
    return f"claude mcp add --transport http {name} {url}{header}"


def _through_mcp_remote(name: str, url: str, token: str | None) -> str:
    # Some systems split an argument at its blank, so the header's value goes by the environment.
    entry: dict[str, Any] = {"command": "npx", "args": ["-y", "mcp-remote", url]}
    if token:
        entry["args"] += ["--header", "Authorization:${AUTHORIZATION}"]
        entry["env"] = {"AUTHORIZATION": f"Bearer {token}"}
    return _json({"mcpServers": {name: entry}})


def _mcp_remote(url: str, token: str | None) -> str:
    header = f' --header "Authorization: Bearer {token}"' if token else ""
    return f"npx -y mcp-remote {url}{header}"


def _python(url: str, token: str | None) -> str:
    headers = f', headers={{"Authorization": "Bearer {token}"}}' if token else ""
    return (
        "from mcp import ClientSession\n"
        "from mcp.client.streamable_http import streamablehttp_client\n\n"
        f'async with streamablehttp_client("{url}"{headers}) as (read, write, _):\n'
        "    async with ClientSession(read, write) as session:\n"
        "        await session.initialize()\n"
        "        print(await session.list_tools())"
    )


def _typescript(url: str, token: str | None) -> str:
    options = f', {{ requestInit: {{ headers: {{ Authorization: "Bearer {token}" }} }} }}'
    return (
        'import { Client } from "@modelcontextprotocol/sdk/client/index.js";\n'
        "import { StreamableHTTPClientTransport } from"
        ' "@modelcontextprotocol/sdk/client/streamableHttp.js";\n\n'
        'const client = new Client({ name: "my-client", version: "1.0.0" });\n'
        "await client.connect(new StreamableHTTPClientTransport("
        f'new URL("{url}"){options if token else ""}));\n'
        "console.log(await client.listTools());"
    )


def _curl(url: str, token: str | None) -> str:
    lines = [
        f"curl {url}",
        "-H 'Content-Type: application/json'",
        "-H 'Accept: application/json, text/event-stream'",
        "-H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: server/discover'",
        *([f"-H 'Authorization: Bearer {token}'"] if token else []),
        "-d '" + json.dumps(DISCOVER) + "'",
    ]
    return " \\\n  ".join(lines)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2)


DISCOVER = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "server/discover",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}
