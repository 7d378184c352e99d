"""One API: its document, and the connections over which its operations are called."""

from __future__ import annotations

import asyncio
import logging

import httpx

from mcp_transport.outgoing.exchanging import (
    MAX_BYTES,
    TooLarge,
    Undecodable,
    exchange,
    reason,
)
from mcp_transport.outgoing.network import GuardedTransport, Refused
from mcp_transport.registry.errors import ToolError
from mcp_transport.registry.results import ToolResult
from mcp_transport.sources.openapi.answers import result_of
from mcp_transport.sources.openapi.configuration import Configuration
from mcp_transport.sources.openapi.document import Document
from mcp_transport.sources.openapi.operations import Operation
from mcp_transport.sources.openapi.requests import request_of

logger = logging.getLogger("mcp_transport.openapi")


class Api:
    """Calls the operations of one document."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.document = Document(configuration)
        self._transport: GuardedTransport | None = None

    async def call(self, operation: Operation, arguments: dict[str, object]) -> ToolResult:
        """Call an operation. Raises ToolError."""
        operation.arguments.require(arguments)
        request = request_of(operation, arguments, self.configuration)
        timeout = self.configuration.timeout
        try:
            answer = await exchange(self._connections(), request, within=timeout)
        except TimeoutError:
            raise ToolError(f"The API did not answer within {timeout:g} seconds.") from None
        except TooLarge:
            raise ToolError(f"The API answered more than {MAX_BYTES // 2**20} MiB.") from None
        except Undecodable:
            raise ToolError("The API answered in a compression that was not asked for.") from None
        except (Refused, httpx.TransportError) as error:
            self._note(operation, error)
            raise ToolError("The API cannot be reached.") from None
        return result_of(operation, answer, self.configuration.secrets)

    async def close(self) -> None:
        """Close the connections."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()
        # A thread that loads has limits of its own; a process that ends need not wait for them.
        await asyncio.to_thread(self.document.wait, 1.0)

    def _connections(self) -> GuardedTransport:
        if self._transport is None:
            hosts, ca_file = self.configuration.private_hosts, self.configuration.ca_file
            self._transport = GuardedTransport(hosts, ca_file=ca_file)
        return self._transport

    def _note(self, operation: Operation, error: Exception) -> None:
        why = str(error) if isinstance(error, Refused) else reason(error)
        logger.warning("%s cannot be called: %s", operation.name, why)
