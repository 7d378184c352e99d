"""What a transport needs of the worker process that it serves in."""

from __future__ import annotations

from typing import Protocol

from mcp_transport.auth.authenticators import AuthenticatorChain
from mcp_transport.auth.opening import Opening
from mcp_transport.engine.directory import Directory
from mcp_transport.engine.engine import Engine
from mcp_transport.transports.security import Gate
from mcp_transport.transports.sending import Surroundings


class Worker(Surroundings, Protocol):
    """
    The parts of a worker process that requests meet.

    A transport is given them: what starts a process stands above it.
    """

    is_started: bool
    max_body_bytes: int
    gate: Gate
    authenticators: AuthenticatorChain
    directory: Directory
    engine: Engine
    opening: Opening

    async def start(self) -> None:
        """Begin to serve; whoever comes second waits for the first."""
