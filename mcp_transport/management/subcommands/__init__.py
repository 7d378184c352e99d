"""The sub-commands of ``manage.py mcp``, by name; one module per family."""

from __future__ import annotations

from mcp_transport.management.subcommands.audit import Audit
from mcp_transport.management.subcommands.base import Subcommand
from mcp_transport.management.subcommands.calls import Call
from mcp_transport.management.subcommands.cleaning import Clean
from mcp_transport.management.subcommands.configuring import Export, ImportFile
from mcp_transport.management.subcommands.connecting import Connect
from mcp_transport.management.subcommands.doctor import Doctor
from mcp_transport.management.subcommands.rollup import Rollup
from mcp_transport.management.subcommands.servers import Servers
from mcp_transport.management.subcommands.serving import Serve
from mcp_transport.management.subcommands.sessions import Sessions
from mcp_transport.management.subcommands.sources import Sources
from mcp_transport.management.subcommands.stdio import Stdio
from mcp_transport.management.subcommands.tokens import Tokens
from mcp_transport.management.subcommands.tools import Tools

SUBCOMMANDS: dict[str, type[Subcommand]] = {
    "servers": Servers,
    "sources": Sources,
    "tools": Tools,
    "call": Call,
    "token": Tokens,
    "sessions": Sessions,
    "audit": Audit,
    "export": Export,
    "import": ImportFile,
    "clean": Clean,
    "rollup": Rollup,
    "doctor": Doctor,
    "serve": Serve,
    "stdio": Stdio,
    "connect": Connect,
}
