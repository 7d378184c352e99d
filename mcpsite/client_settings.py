"""What a person pastes into an MCP client to reach a server of this site."""

from __future__ import annotations

import json
from typing import Any

NO_TOKEN = "YOUR_TOKEN"  # noqa: S105  stands where a token goes


def client_settings(name: str, url: str, token: str | None) -> str:
    """The settings of the usual clients, each under its heading."""
    authorization = f"Bearer {token or NO_TOKEN}"
    headers = {"Authorization": authorization}
    command = (
        f'claude mcp add --transport http {name} {url} --header "Authorization: {authorization}"'
    )
    sections = {
        "Claude Code": command,
        "Claude Desktop, claude_desktop_config.json": _through_mcp_remote(name, url, authorization),
        "Cursor, .cursor/mcp.json": _json({"mcpServers": {name: {"url": url, "headers": headers}}}),
        "VS Code, .vscode/mcp.json": _json(
            {"servers": {name: {"type": "http", "url": url, "headers": headers}}}
        ),
    }
    return "\n\n".join(f"# {heading}\n{text}" for heading, text in sections.items())


def _through_mcp_remote(name: str, url: str, authorization: str) -> str:
    # Some systems split an argument at its blank, so the header's value goes by the environment.
    arguments = ["-y", "mcp-remote", url, "--header", "Authorization:${AUTHORIZATION}"]
    environment = {"AUTHORIZATION": authorization}
    entry = {"command": "npx", "args": arguments, "env": environment}
    return _json({"mcpServers": {name: entry}})


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2)
