"""
What the value of each setting has to be: one line for each, in one table.

A rule yields what is wrong with a value as the rest of a sentence that begins
with the setting's name. Values that may hold secrets are never repeated.
"""

from __future__ import annotations

import inspect
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.module_loading import import_string

PLAIN_ADDRESS = re.compile(
    r"unix:/[^\s:]{1,106}|http://(\[[0-9a-f:.]+\]|[^\s/:@?#*\[\]]+)(:\d{1,5})?/?", re.IGNORECASE
)
SHOWN_LENGTH = 60  # characters of a wrong value that a message repeats
BACKEND_KEYS = frozenset({"BACKEND", "OPTIONS"})
PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}")  # of what names of tools consist of
ORIGIN = re.compile(
    r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[^\s/:@?#*\[\]]+)(:\d{1,5})?/?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(ABC):
    """What one setting may be."""

    id: ClassVar[str]
    remedy: ClassVar[str] = ""

    @abstractmethod
    def problems(self, value: Any) -> Iterator[str]:
        """Say what is wrong, each as "is 0; it is …"; nothing for a good value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path(Rule):
    """A path of the site."""

    id: ClassVar[str] = "mcp.E001"
    remedy: ClassVar[str] = 'Write it like a default, "/mcp".'
    optional: bool = False
    may_be_root: bool = False

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if (value is None and self.optional) or (value == "/" and self.may_be_root):
            return
        if not isinstance(value, str) or not re.fullmatch(r"(/[\w.~-]+)+", value, re.ASCII):
            yield f"is {shown(value)}; it begins with a slash, does not end with one and needs no escapes."
        elif not {".", ".."}.isdisjoint(value.split("/")):
            yield f"is {shown(value)}; no part of it is a dot or two, which clients resolve away."


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Rule):
    """One word of a few."""

    id: ClassVar[str] = "mcp.E002"
    words: tuple[str | bool, ...]

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not any(type(value) is type(word) and value == word for word in self.words):
            yield f"is {shown(value)}; it is one of {', '.join(map(str, self.words))}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes(Rule):
    """Dotted paths of classes that are made without arguments."""

    id: ClassVar[str] = "mcp.E003"
    remedy: ClassVar[str] = "Name classes by dotted path, in a list."
    base: str

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not is_words(value):
            yield f"is {shown(value)}; it is a list of dotted paths."
            return
        for path in value:
            if problem := class_problem(path, self.base) or call_problem(path):
                yield f"names {path!r}, {problem}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Rule):
    """A number between two bounds; a whole one unless ``fraction`` allows others."""

    id: ClassVar[str] = "mcp.E004"
    minimum: float = 1
    maximum: float = math.inf
    fraction: bool = False
    optional: bool = False  # whether None is a value, too

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not (value is None and self.optional) and not self._holds(value):
            yield f"is {shown(value)}; it is {self}."

    def _holds(self, value: Any) -> bool:
        kinds = (int, float) if self.fraction else (int,)
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        return is_number and math.isfinite(value) and self.minimum <= value <= self.maximum

    def __str__(self) -> str:
        kind = "a number" if self.fraction else "a whole number"
        least = f"{kind} from {self.minimum:g}"
        bounds = f"{least} on" if self.maximum == math.inf else f"{least} to {self.maximum:g}"
        return f"{bounds}, or None" if self.optional else bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Rule):
    """A list of strings, each of a form."""

    id: ClassVar[str] = "mcp.E005"
    form: str = r".+"
    example: str  # what each is, in words
    optional: bool = False

    @property
    def remedy(self) -> str:  # type: ignore[override]  # the base's default is for all others
        """What each word is."""
        return f"Each is {self.example}, in a list."

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if value is None and self.optional:
            return
        if not is_words(value):
            yield f"is {shown(value)}; it is a list of strings."
            return
        for word in value:
            if not re.fullmatch(self.form, word):
                yield f"contains {shown(word)}; each is {self.example}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins(Rule):
    """Origins as browsers send them."""

    id: ClassVar[str] = "mcp.E006"
    remedy: ClassVar[str] = 'Write each like "https://app.example" or "http://localhost:3000".'

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not is_words(value):
            yield f"is {shown(value)}; it is a list of origins."
            return
        for origin in value:
            if not is_origin(origin):
                yield f"contains {shown(origin)}; an origin is a scheme and a host, nothing more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends(Rule):
    """Backends by alias; what their options hold is never repeated."""

    id: ClassVar[str] = "mcp.E007"
    remedy: ClassVar[str] = 'Write {"default": {"BACKEND": "dotted.path", "OPTIONS": {…}}}.'
    base: str

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping) or "default" not in value:
            yield 'is a dictionary with the alias "default".'
            return
        for alias, backend in value.items():
            if problem := self._problem(backend):
                yield f"[{alias!r}] {problem}."

    def _problem(self, backend: Any) -> str:
        if not isinstance(backend, Mapping) or not isinstance(backend.get("BACKEND"), str):
            return "is a dictionary with the dotted path of a class as BACKEND"
        if unknown := sorted(map(str, backend.keys() - BACKEND_KEYS)):
            return f"has the unknown key {', '.join(unknown)}; options go into OPTIONS"
        if not isinstance(backend.get("OPTIONS", {}), Mapping):
            return "has OPTIONS that are no dictionary"
        problem = class_problem(backend["BACKEND"], self.base)
        return f"names {backend['BACKEND']!r}, {problem}" if problem else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefixes(Rule):
    """Beginnings of names, by the dotted name of an app."""

    id: ClassVar[str] = "mcp.E016"
    remedy: ClassVar[str] = 'Write {"acme.search": "acme_"}.'

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping):
            yield f"is {shown(value)}; it is a dictionary."
            return
        for app, prefix in value.items():
            if not isinstance(prefix, str) or not PREFIX.fullmatch(prefix):
                yield (
                    f"[{shown(app)}] is {shown(prefix)}; it is 1 to 64 of the characters"
                    " A-Z a-z 0-9 _ . -"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs(Rule):
    """Programs by alias; a check of its own looks into each."""

    id: ClassVar[str] = "mcp.E030"
    remedy: ClassVar[str] = 'Write {"files": {"command": ["program", "argument"]}}.'

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping):
            yield "is a dictionary of programs by alias."


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses(Rule):
    """Where servers are reached, by short names that stand in addresses."""

    id: ClassVar[str] = "mcp.E020"
    remedy: ClassVar[str] = (
        'Write {"n0": "unix:/path/of/a.sock"} or {"n0": "http://127.0.0.1:8090"}.'
    )

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping):
            yield f"is {shown(value)}; it is a dictionary of addresses."
            return
        for name, address in value.items():
            if not isinstance(name, str) or not re.fullmatch(r"n\d{1,2}", name, re.ASCII):
                yield f"has the name {shown(name)}; each is an n with one or two digits."
            if not isinstance(address, str) or not PLAIN_ADDRESS.fullmatch(address):
                yield f"[{name!r}] is {shown(address)}; it is a socket's path or an address without one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret(Rule):
    """A text that nobody guesses, or none; it is never repeated."""

    id: ClassVar[str] = "mcp.E021"
    remedy: ClassVar[str] = "Take what `openssl rand -hex 32` prints."
    minimum: int = 32

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        is_text = isinstance(value, str) and value.isascii() and value.isprintable()
        if not is_text or 0 < len(value) < self.minimum:
            yield f"is not a text of {self.minimum} plain characters or more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents(Rule):
    """Dictionaries by alias; a check of its own looks into them, and nothing is repeated."""

    id: ClassVar[str] = "mcp.E040"
    remedy: ClassVar[str] = 'Write {"petstore": {"document": "https://…"}}.'

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping):
            yield "is a dictionary of dictionaries, by alias."
            return
        for alias in value:
            # Tools are called alias_operation: without "_" no two aliases give the same name.
            if not isinstance(alias, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,23}", alias):
                yield f"has the alias {shown(alias)}; it is 1 to 24 of a-z 0-9 -, a letter first."


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicOrigin(Rule):
    """The origin of the site as its clients write it."""

    id: ClassVar[str] = "mcp.E050"
    remedy: ClassVar[str] = (
        'Write it like "https://example.com"; "http://127.0.0.1:8000" does on this machine alone.'
    )

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if value is None:
            return
        if not isinstance(value, str) or not is_origin(value) or value.endswith("/"):
            yield f"is {shown(value)}; it is a scheme and a host, nothing more."
        elif not is_safe_address(value):
            yield f"is {shown(value)}; tokens travel to https:// alone, but on this machine."


def is_safe_address(url: str) -> bool:
    """Whether what is sent to an address cannot be read on its way: TLS, or this machine."""
    scheme, _, rest = url.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].lower()
    is_here = re.fullmatch(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?", host)
    return scheme.lower() == "https" or (scheme.lower() == "http" and is_here is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuers(Rule):
    """Dictionaries by issuer; a check of its own looks into them, and nothing is repeated."""

    id: ClassVar[str] = "mcp.E052"
    remedy: ClassVar[str] = 'Write {"https://login.example.com/realms/acme": {}}.'

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping) or not all(isinstance(url, str) for url in value):
            yield "is a dictionary of dictionaries, by the URL of an issuer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers(Rule):
    """Servers by alias; a check of its own looks into each, and nothing is repeated."""

    id: ClassVar[str] = "mcp.E060"
    remedy: ClassVar[str] = 'Write {"shop": {"url": "https://…"}}.'

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping):
            yield "is a dictionary of servers by alias."


def shown(value: object) -> str:
    """A value as a message repeats it: not all of a long one."""
    text = repr(value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 1]}…"


def is_words(value: object) -> bool:
    """Whether a value is several strings, not one."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence | set | frozenset):
        return False
    return all(isinstance(word, str) for word in value)


def is_origin(text: str) -> bool:
    """Whether a text is what a browser would send as Origin."""
    return ORIGIN.fullmatch(text) is not None


def class_problem(path: str, base: str) -> str:
    """Say why a path does not name a class of a kind; empty when it does."""
    try:
        named = import_string(path)
    except ImportError as exc:
        return f"which cannot be imported ({exc})"
    wanted = import_string(base)
    if not isinstance(named, type) or not issubclass(named, wanted):
        return f"which is no subclass of {base}"
    if inspect.isabstract(named):
        lacking = ", ".join(sorted(getattr(named, "__abstractmethods__", ())))
        return f"which leaves {lacking} to be written"
    return ""


def call_problem(path: str) -> str:
    """Say why a class cannot be made without arguments; empty when it can."""
    try:
        inspect.signature(import_string(path)).bind()
    except TypeError as exc:
        return f"which cannot be made without arguments ({exc})"
    return ""


SECONDS = Number(minimum=0.001, maximum=31_536_000, fraction=True)
SECONDS_OR_NONE_AT_ALL = Number(minimum=0, maximum=31_536_000, fraction=True)
YES_OR_NO = Choice(words=(True, False))
HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110, section 5.6.2

PLAIN_HOST = r"[a-z0-9.-]+|\[[0-9a-f:.]+\]"

RULES: Mapping[str, Rule] = {
    "MCP_PATH": Path(),
    "MCP_PUBLIC_URL": PublicOrigin(),
    "MCP_HEALTH_PATH": Path(optional=True),
    "MCP_READY_PATH": Path(optional=True),
    "MCP_ALLOWED_HOSTS": Words(
        form=r"\*|\.?[^/:@\s*]+|\[[0-9A-Fa-f:.]+\]",
        example="a host without scheme and port",
        optional=True,
    ),
    "MCP_ALLOWED_ORIGINS": Origins(),
    "MCP_MAX_BODY_BYTES": Number(minimum=1024, maximum=2**30),
    "MCP_BODY_TIMEOUT": SECONDS,
    "MCP_NCHAN_PUBLISHERS": Addresses(),
    "MCP_NCHAN_SECRET": Secret(),
    "MCP_KEEP_ALIVE_INTERVAL": SECONDS,
    "MCP_STREAM_AFTER": SECONDS_OR_NONE_AT_ALL,
    "MCP_TOOL_TIMEOUT": SECONDS,
    "MCP_ANSWER_TIMEOUT": SECONDS,
    "MCP_THREADS": Number(maximum=10_000),
    "MCP_THREAD_QUEUE": Number(minimum=0),
    "MCP_PAGE_SIZE": Number(maximum=10_000),
    "MCP_CACHE_TTL_MS": Number(minimum=0),
    "MCP_ROW_CACHE_SECONDS": SECONDS_OR_NONE_AT_ALL,
    "MCP_SESSION_IDLE_TIMEOUT": SECONDS,
    "MCP_MAX_SESSIONS": Number(),
    "MCP_MAX_STREAMS": Number(),
    "MCP_MAX_ANONYMOUS_SESSIONS": Number(),
    "MCP_MAX_ANONYMOUS_STREAMS": Number(),
    "MCP_RATE_LIMIT": Number(optional=True),
    "MCP_CONCURRENCY_LIMIT": Number(optional=True),
    "MCP_ANONYMOUS_RATE_LIMIT": Number(optional=True),
    "MCP_ANONYMOUS_CONCURRENCY_LIMIT": Number(optional=True),
    "MCP_SERVER_RATE_LIMIT": Number(optional=True),
    "MCP_SERVER_CONCURRENCY_LIMIT": Number(optional=True),
    "MCP_TASK_TIMEOUT": SECONDS,
    "MCP_TASK_LIFETIME": SECONDS,
    "MCP_TASK_POLL_INTERVAL": SECONDS,
    "MCP_MAX_RUNNING_TASKS": Number(),
    "MCP_MAX_TASKS": Number(maximum=1_000_000),
    "MCP_TASK_MAX_BYTES": Number(minimum=1024, maximum=2**30),
    "MCP_EVENT_LIFETIME": SECONDS_OR_NONE_AT_ALL,
    "MCP_STREAM_QUEUE": Number(),
    "MCP_CALL_RECORDING": Choice(words=("durable", "batched", "off")),
    "MCP_CALL_QUEUE": Number(),
    "MCP_DATABASE_PATIENCE": Number(minimum=0.1, maximum=60, fraction=True),
    "MCP_CHECKPOINT_ROWS": Number(),
    "MCP_CHECKPOINT_INTERVAL": SECONDS,
    "MCP_CALL_LIFETIME_DAYS": Number(minimum=0.001, maximum=36_500, fraction=True, optional=True),
    "MCP_OPERATOR_ACTION_LIFETIME_DAYS": Number(
        minimum=0.001, maximum=36_500, fraction=True, optional=True
    ),
    "MCP_CALL_LIMIT": Number(minimum=0, optional=True),
    "MCP_CONNECTION_REQUESTS": Number(),
    "MCP_STALL_TIMEOUT": SECONDS,
    "MCP_WEBSOCKET_MAX_BYTES": Number(minimum=1024, maximum=2**30),
    "MCP_WEBSOCKET_QUERY_TICKETS": YES_OR_NO,
    "MCP_TICKET_LIFETIME": SECONDS,
    "MCP_HTTP_SSE": YES_OR_NO,
    "MCP_REST": YES_OR_NO,
    "MCP_REST_ROOT": Path(optional=True, may_be_root=True),
    "MCP_PAGE": YES_OR_NO,
    "MCP_METRICS_PATH": Path(optional=True),
    "MCP_METRICS_ACCESS": Choice(words=("loopback", "permission", "anybody")),
    "MCP_TRACING": YES_OR_NO,
    "MCP_LOG_CONTEXT": YES_OR_NO,
    "MCP_API_RATE": Number(),
    "MCP_REDACTED_ARGUMENTS": Words(example="the name of an argument"),
    "MCP_REQUEST_STATE_LIFETIME": SECONDS,
    "MCP_TOKEN_LIFETIME_DAYS": Number(maximum=36_500, optional=True),
    "MCP_CONTEXT_HEADERS": Words(form=HEADER_NAME, example="the name of a header"),
    "MCP_AUTHENTICATORS": Classes(base="mcp_transport.auth.authenticators.Authenticator"),
    "MCP_OAUTH_REGISTRATION": YES_OR_NO,
    "MCP_OAUTH_CLIENT_HOSTS": Words(
        form=PLAIN_HOST, example="a host in small letters, without scheme and port", optional=True
    ),
    "MCP_OAUTH_PRIVATE_HOSTS": Words(
        form=PLAIN_HOST, example="a host in small letters, without scheme and port"
    ),
    "MCP_OAUTH_REDIRECT_SCHEMES": Words(
        # Not those with which a browser would run or show what follows.
        form=r"(?!(https?|javascript|data|vbscript|file|blob|about|view-source|ws|wss|ftp)$)[a-z][a-z0-9+.-]{1,49}",
        example='the scheme of a program, like "cursor"',
    ),
    "MCP_OAUTH_ACCESS_TOKEN_LIFETIME": Number(minimum=60, maximum=86_400, fraction=True),
    "MCP_OAUTH_REFRESH_TOKEN_LIFETIME": Number(minimum=60, maximum=31_536_000, fraction=True),
    "MCP_ISSUERS": Issuers(),
    "MCP_SOURCES": Classes(base="mcp_transport.engine.source.Source"),
    "MCP_NAME_PREFIXES": Prefixes(),
    "MCP_STDIO": Programs(),
    "MCP_OPENAPI": Documents(),
    "MCP_REMOTE": Servers(),
    "MCP_BUS": Backends(base="mcp_transport.bus.base.Bus"),
    "MCP_ADMIN_STRICT_CSP": YES_OR_NO,
    "MCP_WORKERS": Number(maximum=1024, optional=True),
    "MCP_DRAIN_DELAY": SECONDS_OR_NONE_AT_ALL,
    "MCP_DRAIN_TIMEOUT": SECONDS_OR_NONE_AT_ALL,
}
