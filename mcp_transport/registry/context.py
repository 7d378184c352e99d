"""
What a tool, resource or prompt may ask of the request it serves.

Abstract: the engine's subclasses are what a function receives. An
asynchronous function annotates a parameter with :class:`Context` and awaits
its methods; a synchronous one annotates it with :class:`SyncContext`, whose
methods of the same names block. The parameter never appears in the schema.

Asking the client (``elicit``, ``sample``, ``list_roots``, ``ask``) may run the
function again from its first line: a stateless client answers by repeating its
request, and a synchronous function does not hold a thread while a person
thinks. Whatever stands above a question runs once for every question.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict, Unpack

import msgspec

from mcp_transport.protocol.log_levels import LogLevel
from mcp_transport.protocol.subscriptions import Kind


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Something only the client can answer: its method and its parameters."""

    method: str
    params: dict[str, Any]
    capability: dict[str, Any]  # what the client must declare: {"elicitation": {}}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the user did with a form or a link."""

    action: Literal["accept", "decline", "cancel"]
    content: dict[str, Any] = {}  # what was filled in; empty unless accepted

    @property
    def is_accepted(self) -> bool:
        """Whether the user agreed."""
        return self.action == "accept"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What the client's language model said."""

    role: str
    content: Any  # one content block or a list of them, as the client sent it
    model: str
    stop_reason: str | None = None

    @property
    def text(self) -> str:
        """The text blocks, joined."""
        blocks = self.content if isinstance(self.content, list) else [self.content]
        return "".join(block.get("text", "") for block in blocks if isinstance(block, dict))


class SamplingOptions(TypedDict, total=False):
    """How the client's language model is asked; what is None is left to the client."""

    max_tokens: Required[int]
    system_prompt: str | None
    model_preferences: Mapping[str, Any] | None
    include_context: Literal["none", "thisServer", "allServers"] | None
    temperature: float | None
    stop_sequences: Sequence[str] | None
    metadata: Mapping[str, Any] | None
    tools: Sequence[Mapping[str, Any]] | None
    tool_choice: Mapping[str, Any] | None


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """A directory or file the client works in."""

    uri: str
    name: str | None = None


class BaseContext(ABC):
    """What is known of the request without asking."""

    @property
    @abstractmethod
    def user(self) -> Any:
        """The Django user, or AnonymousUser."""

    @property
    @abstractmethod
    def principal(self) -> Any:
        """Who asks: see :class:`mcp_transport.auth.principal.Principal`."""

    @property
    @abstractmethod
    def session(self) -> Any:
        """The session of a client that has one, else None."""

    @property
    @abstractmethod
    def server(self) -> Any:
        """The server that was called: its slug, title and settings."""

    @property
    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """The request headers named in MCP_CONTEXT_HEADERS, lower-case names."""

    @property
    @abstractmethod
    def request_id(self) -> str | int:
        """The JSON-RPC id of the request."""

    @property
    @abstractmethod
    def client_capabilities(self) -> Mapping[str, Any]:
        """What the client declared that it can do."""

    @property
    @abstractmethod
    def meta(self) -> Mapping[str, Any]:
        """The request's ``_meta``."""

    @property
    @abstractmethod
    def cancelled(self) -> bool:
        """Whether nobody waits for the result any more."""


class Context(BaseContext):
    """What an asynchronous function may ask of the request it serves."""

    @abstractmethod
    async def progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Tell the client how far the work is; only an increase is sent."""

    @abstractmethod
    async def log(self, level: LogLevel, data: Any, *, logger: str | None = None) -> None:
        """Send a log message to the client, if it asked for that level."""

    @abstractmethod
    async def elicit(
        self, message: str, schema: Any = None, *, url: str | None = None, key: str | None = None
    ) -> Answer:
        """
        Ask the user to fill in a form, or to visit a page.

        ``schema`` is a pydantic model or a JSON Schema with primitive
        properties. Raises :class:`MissingClientCapability` when the client
        cannot ask.
        """

    @abstractmethod
    async def sample(
        self,
        messages: str | Sequence[Mapping[str, Any]],
        *,
        key: str | None = None,
        **options: Unpack[SamplingOptions],
    ) -> Sample:
        """Ask the client's language model; at least ``max_tokens`` has to be said."""

    @abstractmethod
    async def list_roots(self, *, key: str | None = None) -> list[Root]:
        """Ask which directories and files the client works in."""

    @abstractmethod
    async def ask(self, questions: Mapping[str, Question]) -> dict[str, Any]:
        """Ask several questions at once; the raw answers come by their keys."""

    @abstractmethod
    async def resource_updated(self, uri: str) -> None:
        """Tell subscribers that a resource has new contents."""

    @abstractmethod
    async def list_changed(self, kind: Kind) -> None:
        """Tell clients that a list has changed."""

    @abstractmethod
    async def close_stream(self) -> None:
        """Let a client with a resumable stream go; it comes back for the result."""

    @abstractmethod
    def remember(self, key: str, value: Any) -> Any:
        """
        Keep a JSON value across the rounds of a question; the first one wins.

        What is remembered before a question is there again when the function
        runs once more with the answer.
        """


class SyncContext(BaseContext):
    """What a synchronous function may ask: see :class:`Context`."""

    @abstractmethod
    def progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """See Context.progress()."""

    @abstractmethod
    def log(self, level: LogLevel, data: Any, *, logger: str | None = None) -> None:
        """See Context.log()."""

    @abstractmethod
    def elicit(
        self, message: str, schema: Any = None, *, url: str | None = None, key: str | None = None
    ) -> Answer:
        """See Context.elicit()."""

    @abstractmethod
    def sample(
        self,
        messages: str | Sequence[Mapping[str, Any]],
        *,
        key: str | None = None,
        **options: Unpack[SamplingOptions],
    ) -> Sample:
        """See Context.sample()."""

    @abstractmethod
    def list_roots(self, *, key: str | None = None) -> list[Root]:
        """See Context.list_roots()."""

    @abstractmethod
    def ask(self, questions: Mapping[str, Question]) -> dict[str, Any]:
        """See Context.ask()."""

    @abstractmethod
    def resource_updated(self, uri: str) -> None:
        """See Context.resource_updated()."""

    @abstractmethod
    def list_changed(self, kind: Kind) -> None:
        """See Context.list_changed()."""

    @abstractmethod
    def remember(self, key: str, value: Any) -> Any:
        """See Context.remember()."""
