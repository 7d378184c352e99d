"""The interface of whatever serves entries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic

import msgspec
from typing_extensions import TypeVar

from mcp_transport.protocol.content import Message, ResourceContents
from mcp_transport.registry.records import (
    PromptDefinition,
    ResourceDefinition,
    TemplateDefinition,
    ToolDefinition,
)
from mcp_transport.registry.results import ToolResult

if TYPE_CHECKING:
    from mcp_transport.engine.context import RequestContext

AnyDefinition = ToolDefinition | ResourceDefinition | TemplateDefinition | PromptDefinition

#: Tells the clients that a resource, by its URI, has new contents.
Tell = Callable[[str], Awaitable[None]]

# Whoever holds several sources cannot know what each one lists: left out, these are Any.
ToolT = TypeVar("ToolT", bound=ToolDefinition, default=Any)
ResourceT = TypeVar("ResourceT", bound=ResourceDefinition, default=Any)
TemplateT = TypeVar("TemplateT", bound=TemplateDefinition, default=Any)
PromptT = TypeVar("PromptT", bound=PromptDefinition, default=Any)


class Entries(
    msgspec.Struct, Generic[ToolT, ResourceT, TemplateT, PromptT], frozen=True, kw_only=True
):
    """What a source offers at one moment."""

    tools: Sequence[ToolT] = ()
    resources: Sequence[ResourceT] = ()
    templates: Sequence[TemplateT] = ()
    prompts: Sequence[PromptT] = ()


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How one origin of entries is, in a sentence for operators."""

    owner: str
    is_well: bool
    text: str
    remarks: tuple[str, ...] = ()  # on what it does not list, and why


class Source(ABC, Generic[ToolT, ResourceT, TemplateT, PromptT]):
    """
    Serves entries of one kind of origin.

    Its parameters are the records that it lists, and is handed back for every
    request: of tools, resources, templates and prompts. A source that is away
    offers nothing and never raises for it. Functions of an entry are called
    with the context of the request that they serve.
    """

    name: ClassVar[str]
    #: What it may offer; whoever looks for another kind does not wait for its tables.
    kinds: ClassVar[frozenset[str]] = frozenset({"tool", "resource", "template", "prompt"})

    def refresh(self) -> None:
        """
        Read what is kept in tables, if anything is.

        Called in a thread where the ORM may be used, whenever the rows of a
        server are read; from several threads at once.
        """

    async def start(self, tell: Tell) -> None:
        """
        Begin what needs the loop of a worker process: clients, children.

        A process waits some seconds for it, then serves while it goes on. Who
        only looks at entries makes sources that are never started.
        """

    async def stop(self) -> None:
        """Let go of it; called once, whether or not the start came to its end."""

    def health(self) -> Sequence[Health]:
        """How its origins are, once it was started; none where nothing can go wrong."""
        return ()

    def sessions(self) -> Collection[str]:
        """The sessions for which it holds something here."""
        return ()

    def leave_session(self, session_id: str) -> None:
        """Let go of what it holds for a session that has ended."""

    def place(self, definition: ToolT | ResourceT | TemplateT | PromptT) -> str:
        """Where an entry is defined, for operators; empty where nobody can say."""
        return ""

    @abstractmethod
    def generation(self) -> int:
        """A number that is another one whenever the entries are."""

    @abstractmethod
    def entries(self) -> Entries[ToolT, ResourceT, TemplateT, PromptT]:
        """What is offered now; never waits."""

    def owners(self) -> Sequence[str]:
        """Origins that are there even while they have no entries."""
        return ()

    @abstractmethod
    def owner(self, definition: ToolT | ResourceT | TemplateT | PromptT) -> str:
        """What a server's offers call the origin of an entry: an app label."""

    @abstractmethod
    def match(self, template: TemplateT, uri: str) -> dict[str, str] | None:
        """The variables of a URI under a template, or None."""

    @abstractmethod
    def completes(self, definition: ToolT | ResourceT | TemplateT | PromptT) -> bool:
        """Whether arguments of an entry can be completed."""

    @abstractmethod
    async def call(
        self, tool: ToolT, arguments: dict[str, object], context: RequestContext
    ) -> ToolResult:
        """Call a tool. Raises ToolError for what the model should read."""

    @abstractmethod
    async def read(
        self,
        resource: ResourceT | TemplateT,
        uri: str,
        variables: dict[str, str],
        context: RequestContext,
    ) -> Sequence[ResourceContents]:
        """Read a resource."""

    @abstractmethod
    async def get(
        self, prompt: PromptT, arguments: dict[str, str], context: RequestContext
    ) -> Sequence[Message]:
        """Write a prompt."""

    @abstractmethod
    async def complete(
        self,
        definition: TemplateT | PromptT,
        argument: str,
        value: str,
        context: RequestContext,
        arguments: dict[str, str],
    ) -> Sequence[str]:
        """The values an argument may take, best first."""
