"""The source that the setting MCP_SOURCES names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Never

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from mcp_transport.conf import settings
from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.source import AnyDefinition, Entries, Health, Source, Tell
from mcp_transport.protocol.content import Message, ResourceContents
from mcp_transport.registry.errors import ToolError
from mcp_transport.registry.results import ToolResult
from mcp_transport.sources.openapi.configuration import SETTING, read
from mcp_transport.sources.openapi.operations import Operation

if TYPE_CHECKING:
    from mcp_transport.sources.openapi.api import Api
    from mcp_transport.sources.openapi.document import State

# What it stands on needs packages that only a site with documents has.
API = "mcp_transport.sources.openapi.api.Api"
FIRST_PATIENCE = 4.0  # seconds in which whoever asks first waits for the documents

OperationEntries = Entries[Operation, Never, Never, Never]


class OpenApiSource(Source[Operation, Never, Never, Never]):
    """The operations of the documents in MCP_OPENAPI."""

    name: ClassVar[str] = "openapi"
    kinds: ClassVar[frozenset[str]] = frozenset({"tool"})

    def __init__(self) -> None:
        self._given: Any = None
        self._apis: dict[str, Api] = {}
        self._past = 0  # generations of documents that are no longer in the setting
        self._wait_until = 0.0  # monotonic seconds
        self._configure()

    async def start(self, tell: Tell) -> None:
        """See Source.start(): the documents are there when the first request comes."""
        if self._apis:
            await asyncio.to_thread(self.refresh)

    async def stop(self) -> None:
        """See Source.stop()."""
        for api in self._apis.values():
            await api.close()

    def refresh(self) -> None:
        """See Source.refresh(); waits a moment for documents that nobody has seen yet."""
        self._configure()
        for api in self._apis.values():
            api.document.load_if_due()
        for api in self._apis.values():
            if not api.document.state.is_loaded:
                api.document.wait(self._wait_until - time.monotonic())

    def health(self) -> Sequence[Health]:
        """See Source.health()."""
        return tuple(_health(alias, api.document.state) for alias, api in self._apis.items())

    def generation(self) -> int:
        """See Source.generation()."""
        return self._past + sum(api.document.generation for api in self._apis.values())

    def entries(self) -> OperationEntries:
        """See Source.entries()."""
        states = [api.document.state for api in self._apis.values()]
        return Entries(tools=tuple(o for state in states for o in state.operations))

    def owner(self, definition: AnyDefinition) -> str:
        """The document, in a word that no app's label can be."""
        alias = definition.alias if isinstance(definition, Operation) else ""
        return _owner(alias)

    def place(self, definition: AnyDefinition) -> str:
        """What the document calls an operation."""
        return definition.place if isinstance(definition, Operation) else ""

    def match(self, template: Never, uri: str) -> dict[str, str] | None:
        """See Source.match(); an operation is no template."""
        return None

    def completes(self, definition: AnyDefinition) -> bool:
        """See Source.completes()."""
        return False

    async def call(
        self, tool: Operation, arguments: dict[str, object], context: RequestContext
    ) -> ToolResult:
        """See Source.call(); nothing of the context goes out."""
        api = self._apis.get(tool.alias)
        if api is None:
            raise ToolError("The API of this tool is no longer configured.")
        return await api.call(tool, arguments)

    async def read(
        self, resource: Never, uri: str, variables: dict[str, str], context: RequestContext
    ) -> Sequence[ResourceContents]:
        """See Source.read(); an operation is no resource."""
        raise ToolError("An operation cannot be read.")

    async def get(
        self, prompt: Never, arguments: dict[str, str], context: RequestContext
    ) -> Sequence[Message]:
        """See Source.get(); an operation is no prompt."""
        raise ToolError("An operation is no prompt.")

    async def complete(
        self,
        definition: Never,
        argument: str,
        value: str,
        context: RequestContext,
        arguments: dict[str, str],
    ) -> Sequence[str]:
        """See Source.complete()."""
        return ()

    def _configure(self) -> None:
        """Take the setting as it is now; it only changes in tests."""
        given: Mapping[str, Any] = settings.MCP_OPENAPI
        if given is self._given:
            return
        self._past = self.generation() + 1
        self._given = given
        self._apis = {alias: _make(alias, of_one) for alias, of_one in given.items()}
        self._wait_until = time.monotonic() + FIRST_PATIENCE


def _owner(alias: str) -> str:
    return f"{OpenApiSource.name}.{alias}"


def _health(alias: str, state: State) -> Health:
    if not state.is_loaded:
        return Health(owner=_owner(alias), is_well=False, text="it is not there yet")
    left_out = f"{len(state.left_out)} left out" if state.left_out else "ok"
    return Health(
        owner=_owner(alias),
        is_well=not state.problem,
        text=state.problem or left_out,
        remarks=tuple(f"{item.place} is left out: {item.reason}" for item in state.left_out),
    )


def _make(alias: str, given: Mapping[str, Any]) -> Api:
    configuration = read(alias, given)
    try:
        make = import_string(API)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"{SETTING} needs {error.name}: install django-mcp-transport with the extra 'openapi'."
        ) from None
    api: Api = make(configuration)
    return api
