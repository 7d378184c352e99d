"""The sub-commands of ``manage.py mcp``, by name; one module per family."""

from __future__ import annotations

from mcp_transport.management.subcommands.base import Subcommand
from mcp_transport.management.subcommands.cleaning import Clean
from mcp_transport.management.subcommands.servers import Servers
from mcp_transport.management.subcommands.serving import Serve
from mcp_transport.management.subcommands.sessions import Sessions
from mcp_transport.management.subcommands.tokens import Tokens

SUBCOMMANDS: dict[str, type[Subcommand]] = {
    "servers": Servers,
    "token": Tokens,
    "sessions": Sessions,
    "clean": Clean,
    "serve": Serve,
}
