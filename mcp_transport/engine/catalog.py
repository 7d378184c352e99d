"""
The entries that one server offers, and which of them a principal may use.

One rule decides for listing and for calling. A catalog is built when a server
or a source changes, with everything that can be known before a request comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

import msgspec
from typing_extensions import TypeVar

from mcp_transport.audit.redaction import Redactor
from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings
from mcp_transport.engine.source import AnyDefinition, Entries, Source
from mcp_transport.engine.wire import to_definition
from mcp_transport.limits.limit import Limit, chosen
from mcp_transport.protocol import shaping
from mcp_transport.protocol.revisions import Revision
from mcp_transport.registry.records import (
    PromptDefinition,
    ResourceDefinition,
    TemplateDefinition,
    ToolDefinition,
)

D = TypeVar("D", bound=AnyDefinition)
D_co = TypeVar("D_co", bound=AnyDefinition, covariant=True, default=AnyDefinition)

Key = tuple[str, str]  # the kind of an entry, and what its source calls it

FEATURE_OF_KIND = {
    "tool": "tools",
    "resource": "resources",
    "template": "resources",
    "prompt": "prompts",
}


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What a server changes about an entry; an empty field keeps what it says."""

    is_enabled: bool = True
    new_name: str = ""
    title: str = ""
    description: str = ""
    permission: str = ""
    is_read_only: bool | None = None
    rate: int | None = None
    concurrency: int | None = None


NO_OVERRIDE = Override()


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that clients cannot find, for another one that comes first has its name."""

    kind: str
    name: str  # what clients would call it
    owner: str
    by: str  # the owner of the other one

    def __str__(self) -> str:
        return (
            f"The {self.kind} {self.name!r} of {self.owner!r} is hidden: {self.by!r}, "
            "which comes first, has one of that name."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered(Generic[D_co]):
    """An entry as one server offers it."""

    kind: str  # "tool", "resource", "template" or "prompt"
    name: str  # what clients call it: a name, a URI or a template
    definition: D_co
    source: Source
    permission: str | None
    is_read_only: bool
    wire: dict[str, Any]  # as a list shows it, in the newest form
    redact: Redactor  # what of a call's arguments is kept
    limit: Limit | None = None  # for all who use it, together
    is_wrapped: bool = False  # whether its structured result is no object
    # By revision, when it is asked for first; at most one for each that is served.
    _shaped: dict[str, msgspec.Raw] = field(default_factory=dict)

    def shaped(self, revision: Revision) -> msgspec.Raw:
        """The entry as a list of a revision shows it, encoded."""
        raw = self._shaped.get(revision.name)
        if raw is None:
            raw = msgspec.Raw(msgspec.json.encode(shaping.definition(self.wire, revision)))
            self._shaped[revision.name] = raw
        return raw

    def is_permitted(self, principal: Principal) -> bool:
        """Whether the principal's user may use the entry at all."""
        return principal.may(self.permission)

    def is_covered(self, principal: Principal) -> bool:
        """Whether the principal's credential is good for the entry."""
        return principal.covers(self.kind, self.name, self.is_read_only)

    def is_visible(self, principal: Principal) -> bool:
        """Whether the principal is shown the entry."""
        return self.is_permitted(principal) and self.is_covered(principal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Every entry of a server, by what clients call it."""

    tools: Mapping[str, Offered[ToolDefinition]]
    resources: Mapping[str, Offered[ResourceDefinition]]
    templates: Mapping[str, Offered[TemplateDefinition]]
    prompts: Mapping[str, Offered[PromptDefinition]]
    features: frozenset[str]
    is_uniform: bool  # whether no entry asks for a permission
    is_limited: bool = False  # whether an entry has a limit of its own
    hidden: tuple[Hidden, ...] = ()

    def visible(self, kind: str, principal: Principal) -> Sequence[Offered]:
        """What a list shows a principal, in a stable order."""
        entries = self.of_kind(kind).values()
        return [entry for entry in entries if entry.is_visible(principal)]

    def of_kind(self, kind: str) -> Mapping[str, Offered]:
        """Every entry of a kind."""
        table: Mapping[str, Offered] = getattr(self, f"{kind}s")
        return table

    def match(
        self, uri: str
    ) -> tuple[Offered[ResourceDefinition | TemplateDefinition], dict[str, str]] | None:
        """The resource or template that a URI belongs to, and the URI's variables."""
        if (resource := self.resources.get(uri)) is not None:
            return resource, {}
        for entry in self.templates.values():
            variables = entry.source.match(entry.definition, uri)
            if variables is not None:
                return entry, variables
        return None

    def definitions(self) -> list[tuple[Key, dict[str, Any]]]:
        """What each entry says of itself here, by its kind and its own name."""
        tables = (self.of_kind(kind) for kind in FEATURE_OF_KIND)
        entries = (entry for table in tables for entry in table.values())
        return [((entry.kind, own_name(entry.definition)), entry.wire) for entry in entries]


Offers = Callable[[str, str], bool]  # (owner, entry name) -> whether the server offers it


def build(sources: Iterable[Source], offers: Offers, overrides: Mapping[Key, Override]) -> Catalog:
    """
    The catalog of a server.

    Of entries of a kind that clients would call the same the first is offered:
    by the order of the sources, then by that in which each lists its own. What
    it hides is told.
    """
    terms = Terms(offers, overrides)
    listed = [(source, source.entries()) for source in sources]
    tools = terms.table("tool", listed, lambda found: found.tools)
    resources = terms.table("resource", listed, lambda found: found.resources)
    templates = terms.table("template", listed, lambda found: found.templates)
    prompts = terms.table("prompt", listed, lambda found: found.prompts)
    entries: list[Offered] = [
        *tools.values(),
        *resources.values(),
        *templates.values(),
        *prompts.values(),
    ]
    return Catalog(
        tools=tools,
        resources=resources,
        templates=templates,
        prompts=prompts,
        features=_features(entries),
        is_uniform=not any(entry.permission for entry in entries),
        is_limited=any(entry.limit for entry in entries),
        hidden=tuple(terms.hidden),
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """What one server takes of the sources, and what it changes about it."""

    offers: Offers
    overrides: Mapping[Key, Override]
    hidden: list[Hidden] = field(default_factory=list)

    def table(
        self,
        kind: str,
        listed: Iterable[tuple[Source, Entries]],
        of_kind: Callable[[Entries], Sequence[D]],
    ) -> dict[str, Offered[D]]:
        """The entries of a kind, by what clients call them."""
        table: dict[str, Offered[D]] = {}
        for source, found in listed:
            for definition in of_kind(found):
                name = own_name(definition)
                override = self.overrides.get((kind, name), NO_OVERRIDE)
                if override.is_enabled and self.offers(source.owner(definition), name):
                    entry = _offer(kind, definition, source, override)
                    first = table.setdefault(entry.name, entry)
                    if first is not entry:
                        self.hidden.append(_hidden(entry, first))
        return table


def _hidden(entry: Offered, by: Offered) -> Hidden:
    owners = [one.source.owner(one.definition) for one in (entry, by)]
    return Hidden(kind=entry.kind, name=entry.name, owner=owners[0], by=owners[1])


def own_name(definition: AnyDefinition) -> str:
    """What an entry is called by its source."""
    if isinstance(definition, ResourceDefinition):
        return definition.uri
    if isinstance(definition, TemplateDefinition):
        return definition.uri_template
    return definition.name


def definitions_of(source: Source) -> Iterator[tuple[str, AnyDefinition]]:
    """Everything that a source has, with its kind."""
    entries = source.entries()
    for kind in FEATURE_OF_KIND:
        for definition in getattr(entries, f"{kind}s"):
            yield kind, definition


def _offer(kind: str, definition: D, source: Source, override: Override) -> Offered[D]:
    is_renamed = override.new_name and isinstance(definition, (ToolDefinition, PromptDefinition))
    name = override.new_name if is_renamed else own_name(definition)
    wire = to_definition(definition)
    changes = {"title": override.title, "description": override.description}
    wire.update({key: value for key, value in changes.items() if value})
    if is_renamed:
        wire["name"] = name
    if override.is_read_only is not None and kind == "tool":
        hints = {**wire.get("annotations", {}), "readOnlyHint": override.is_read_only}
        wire["annotations"] = hints
    limit = Limit(
        chosen(override.rate, definition.rate),
        chosen(override.concurrency, definition.concurrency),
    )
    return Offered(
        kind=kind,
        name=name,
        definition=definition,
        source=source,
        permission=override.permission or definition.permission,
        is_read_only=bool(wire.get("annotations", {}).get("readOnlyHint")),
        wire=wire,
        redact=Redactor(settings.MCP_REDACTED_ARGUMENTS, wire.get("inputSchema", {})),
        limit=limit if limit.is_limiting else None,
        is_wrapped=wire.get("outputSchema", {"type": "object"}).get("type") != "object",
    )


def _features(entries: Sequence[Offered]) -> frozenset[str]:
    features = {FEATURE_OF_KIND[entry.kind] for entry in entries}
    if any(entry.source.completes(entry.definition) for entry in entries):
        features.add("completions")
    if any(isinstance(e.definition, ToolDefinition) and e.definition.task for e in entries):
        features.add("tasks")
    return frozenset({"logging", *features})
