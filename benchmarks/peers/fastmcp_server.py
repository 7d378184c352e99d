"""FastMCP, both eras at /mcp."""

from __future__ import annotations

from fastmcp import FastMCP  # type: ignore[import-not-found]  # its own environment
from serving import serve  # type: ignore[import-not-found]  # beside this file when run

server = FastMCP("benchmark")


@server.tool  # type: ignore[untyped-decorator]  # see above
async def echo(text: str) -> str:
    """Say the same thing again."""
    return text


if __name__ == "__main__":
    serve(server.http_app(path="/mcp", json_response=True))
