"""Prompts and resources that operators have written, read from their rows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Never

from django.db.models import Count, Max, Sum

from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.source import AnyDefinition, Entries, Source
from mcp_transport.models import TextEntry
from mcp_transport.models.text import filled
from mcp_transport.protocol.content import Message, ResourceContents, Text, TextResource
from mcp_transport.registry.errors import ToolError
from mcp_transport.registry.records import (
    PromptArgument,
    PromptDefinition,
    ResourceDefinition,
)
from mcp_transport.registry.results import ToolResult
from mcp_transport.storage.readings import Reading

OWNER = "texts"  # what a server's offers call all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPrompt(PromptDefinition):
    """A prompt and its text, with variables."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDocument(ResourceDefinition):
    """A resource and its text."""

    text: str


TextEntries = Entries[Never, TextDocument, Never, TextPrompt]

#: Of the enabled texts: what is different when one of them is.
STATE = Reading(
    lambda: (
        # A text that comes, goes, is changed or takes another's place shows in one of these.
        TextEntry.objects.filter(is_enabled=True)
        .order_by()
        .values("is_enabled")
        .annotate(Count("pk"), Max("updated_at"), Sum("version"), Sum("pk"))
        .values_list("pk__count", "updated_at__max", "version__sum", "pk__sum")
    )
)


class TextSource(Source[Never, TextDocument, Never, TextPrompt]):
    """
    What stands in the table of texts.

    The rows are read again, when they have changed, together with those of
    servers: never for a request.
    """

    name: ClassVar[str] = "texts"
    kinds: ClassVar[frozenset[str]] = frozenset({"resource", "prompt"})

    def __init__(self) -> None:
        self._entries = TextEntries()
        self._generation = 0
        self._seen: Any = None  # of the table, when it was read
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """See Source.refresh()."""
        state = STATE.rows()
        if state == self._seen:
            return
        rows = list(TextEntry.objects.filter(is_enabled=True).order_by("kind", "name"))
        with self._lock:
            self._entries, self._seen = _entries(rows), state
            self._generation += 1

    def generation(self) -> int:
        """See Source.generation()."""
        return self._generation

    def entries(self) -> TextEntries:
        """See Source.entries()."""
        return self._entries

    def owner(self, definition: AnyDefinition) -> str:
        """One word for all texts."""
        return OWNER

    def place(self, definition: AnyDefinition) -> str:
        """See Source.place()."""
        return "a text of this site"

    def match(self, template: Never, uri: str) -> dict[str, str] | None:
        """See Source.match(); a text is no template."""
        return None

    def completes(self, definition: AnyDefinition) -> bool:
        """See Source.completes()."""
        return False

    async def call(
        self, tool: Never, arguments: dict[str, object], context: RequestContext
    ) -> ToolResult:
        """See Source.call(); a text is no tool."""
        raise ToolError("A text cannot be called.")

    async def read(
        self,
        resource: TextDocument,
        uri: str,
        variables: dict[str, str],
        context: RequestContext,
    ) -> Sequence[ResourceContents]:
        """See Source.read()."""
        return (TextResource(uri=uri, text=resource.text, mime_type=resource.mime_type),)

    async def get(
        self, prompt: TextPrompt, arguments: dict[str, str], context: RequestContext
    ) -> Sequence[Message]:
        """See Source.get()."""
        names = frozenset(argument.name for argument in prompt.arguments)
        return (Message(content=Text(text=filled(prompt.text, arguments, names))),)

    async def complete(
        self,
        definition: TextPrompt,
        argument: str,
        value: str,
        context: RequestContext,
        arguments: dict[str, str],
    ) -> Sequence[str]:
        """See Source.complete(); nobody knows what a text's arguments may be."""
        return ()


def _entries(rows: Sequence[TextEntry]) -> TextEntries:
    return TextEntries(
        prompts=tuple(_prompt(row) for row in rows if row.kind == TextEntry.Kind.PROMPT),
        resources=tuple(_document(row) for row in rows if row.kind == TextEntry.Kind.RESOURCE),
    )


def _said(row: TextEntry) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title or None,
        "description": row.description or None,
        "permission": row.permission or None,
        "source": OWNER,
        "text": row.text,
    }


def _prompt(row: TextEntry) -> TextPrompt:
    arguments = tuple(
        PromptArgument(
            name=argument["name"],
            title=argument.get("title") or None,
            description=argument.get("description") or None,
            required=bool(argument.get("required")),
        )
        for argument in row.arguments
    )
    return TextPrompt(**_said(row), arguments=arguments)


def _document(row: TextEntry) -> TextDocument:
    size = len(row.text.encode())
    return TextDocument(
        **_said(row), uri=row.uri, mime_type=row.mime_type or "text/plain", size=size
    )
