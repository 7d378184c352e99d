"""An operation of a document as a tool, and what has to be known to call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcp_transport.registry.checking import Checked
from mcp_transport.registry.records import ToolDefinition

PATH, QUERY, HEADER, COOKIE = "path", "query", "header", "cookie"

# The style that a parameter has which names none (OpenAPI 3.1.1, section 4.8.12.2).
STYLES = {PATH: "simple", QUERY: "form", HEADER: "simple", COOKIE: "form"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter, and the argument that fills it."""

    argument: str
    name: str
    location: str
    style: str
    explode: bool
    is_json: bool = False  # its value is sent as JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How one property of a form is sent."""

    style: str = ""  # empty: an object as JSON
    explode: bool = True
    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The body of a request, and the argument that fills it."""

    argument: str
    media_type: str
    encodings: Mapping[str, Encoding] = field(default_factory=dict)
    files: frozenset[str] = frozenset()  # properties that are bytes, in base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(ToolDefinition):
    """A tool that is served by an operation of an HTTP API."""

    alias: str
    method: str
    base: str  # a URL without a slash at its end
    path: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    arguments: Checked
    output: Checked | None

    @property
    def place(self) -> str:
        """What the document calls it."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An operation that is no tool, and why."""

    place: str
    reason: str
