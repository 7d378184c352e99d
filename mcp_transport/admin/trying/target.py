"""What is tried: an entry of a server, as its caller finds it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from mcp_transport.admin.effects import DESTRUCTIVE, READS, UNKNOWN, WRITES, effects
from mcp_transport.auth.principal import Principal
from mcp_transport.engine.catalog import FEATURE_OF_KIND, Catalog, Offered, own_name
from mcp_transport.engine.directory import ServerRecord, catalog_of, record_of
from mcp_transport.engine.offering import site_sources
from mcp_transport.models import Server
from mcp_transport.registry.uri_template import UriTemplate

Schema = dict[str, Any]

NO_ARGUMENTS: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
METHODS = {
    "tool": "tools/call",
    "prompt": "prompts/get",
    "resource": "resources/read",
    "template": "resources/read",
}
EFFECTS = {
    READS: "It only reads.",
    WRITES: "It changes something, and destroys nothing.",
    DESTRUCTIVE: "It may destroy something.",
    UNKNOWN: "It does not say what it changes: take it to be destructive.",
}
VERBS = {"tool": "Call", "prompt": "Get", "resource": "Read", "template": "Read"}


@dataclass(frozen=True)
class Target:
    """An entry of a server."""

    record: ServerRecord
    entry: Offered

    @property
    def slug(self) -> str:
        """The server's."""
        return self.record.slug

    @property
    def kind(self) -> str:
        """Of entry."""
        return self.entry.kind

    @property
    def name(self) -> str:
        """What clients call the entry."""
        return self.entry.name

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.entry.wire.get("title") or self.name)

    @property
    def description(self) -> str:
        """What it says of itself."""
        return str(self.entry.wire.get("description") or "")

    @property
    def method(self) -> str:
        """How it is asked for."""
        return METHODS[self.kind]

    @property
    def verb(self) -> str:
        """What the button says."""
        return VERBS[self.kind]

    @cached_property
    def schema(self) -> Schema:
        """Of its arguments."""
        if self.kind == "tool":
            return dict(self.entry.wire["inputSchema"])
        if self.kind == "prompt":
            return _prompt_schema(self.entry.wire.get("arguments", ()))
        return _template_schema(self.name) if self.kind == "template" else NO_ARGUMENTS

    @property
    def takes_nothing(self) -> bool:
        """Whether there is nothing to fill in."""
        return self.schema.get("properties") == {} and len(self.schema) <= 3

    def params(self, value: dict[str, Any]) -> dict[str, Any]:
        """What a request for it holds."""
        if self.kind == "resource":
            return {"uri": self.name}
        if self.kind == "template":
            template = _template(self.name)
            return {"uri": template.expand(value) if template else str(value.get("uri", ""))}
        return {"name": self.name, "arguments": value}

    @property
    def effect(self) -> str:
        """One of EFFECTS; what a tool does not say of itself is unknown, never safe."""
        return effects(self.entry)

    @property
    def effect_in_words(self) -> str:
        """What a call does, in a sentence."""
        return EFFECTS[self.effect]

    @property
    def is_confirmed(self) -> bool:
        """Whether its name has to be typed before it is called."""
        return self.effect in (DESTRUCTIVE, UNKNOWN)

    def is_secret(self, name: str) -> bool:
        """Whether an argument of that name is kept nowhere."""
        return self.entry.redact.is_secret(name)

    def is_covered(self, caller: Principal) -> bool:
        """Whether the caller's scopes are good for it."""
        return self.entry.is_covered(caller) and caller.reaches(self.record.id)


def find_target(server_id: int, kind: str, name: str, caller: Principal) -> Target | None:
    """
    An entry that the caller's user may use; None for every other one.

    Two queries, beside what the sources look up themselves.
    """
    rows = Server.objects.filter(is_enabled=True).prefetch_related("overrides")
    server = rows.filter(pk=server_id).first() if kind in FEATURE_OF_KIND else None
    if server is None:
        return None
    record = record_of(server)
    entry = _find(catalog_of(record, site_sources(kind)), kind, name)
    if entry is None or not entry.is_permitted(caller):
        return None
    return Target(record, entry)


def _find(catalog: Catalog, kind: str, name: str) -> Offered | None:
    table = catalog.of_kind(kind)
    if name in table:
        return table[name]
    for entry in table.values():
        if own_name(entry.definition) == name:
            return entry
    return None


def _prompt_schema(arguments: Any) -> Schema:
    properties = {
        argument["name"]: {
            "type": "string",
            **{word: argument[word] for word in ("title", "description") if argument.get(word)},
        }
        for argument in arguments
    }
    required = [argument["name"] for argument in arguments if argument.get("required")]
    return {**NO_ARGUMENTS, "properties": properties, "required": required}


def _template_schema(name: str) -> Schema:
    template = _template(name)
    names = template.variables if template else ("uri",)
    properties = {variable: {"type": "string", "maxLength": 100} for variable in names}
    return {**NO_ARGUMENTS, "properties": properties}


def _template(name: str) -> UriTemplate | None:
    """The template, if it is one that can be filled in."""
    try:
        return UriTemplate(name)
    except ImproperlyConfigured:
        return None
