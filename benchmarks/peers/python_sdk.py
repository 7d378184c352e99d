"""The official Python SDK, both eras at /mcp."""

from __future__ import annotations

from mcp.server.mcpserver import Context, MCPServer  # type: ignore[import-not-found]  # its own env
from serving import serve  # type: ignore[import-not-found]  # beside this file when run

server = MCPServer("benchmark")


@server.tool()  # type: ignore[untyped-decorator]  # see above
async def echo(text: str) -> str:
    """Say the same thing again."""
    return text


@server.tool()  # type: ignore[untyped-decorator]  # see above
async def announce(ctx: Context) -> str:
    """Tell who listens that the tools have changed."""
    await ctx.notify_tools_changed()
    return "announced"


if __name__ == "__main__":
    serve(server.streamable_http_app(json_response=True))
