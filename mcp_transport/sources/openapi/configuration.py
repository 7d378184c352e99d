"""What the setting says of one document: its keys, each with its rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from mcp_transport.outgoing.configuration import (
    SHORTEST_SECRET,
    File,
    Headers,
    basic,
    is_text,
    is_url,
    url_problem,
)
from mcp_transport.rules import SECONDS, YES_OR_NO, Rule, Words, is_words, shown

SETTING = "MCP_OPENAPI"
PROBLEM_ID = "mcp.E041"
NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Rule):
    """A URL, or where ``is_file_welcome`` the path of a file."""

    id: ClassVar[str] = PROBLEM_ID
    is_file_welcome: bool = False

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems(); a URL may hold a credential and is not repeated."""
        if self.is_file_welcome and not is_url(value):
            if not isinstance(value, str | Path) or not str(value):
                yield "is neither a URL nor the path of a file."
            elif not Path(value).is_file():
                yield f"is {shown(str(value))}; there is no such file."
        elif not (value is None and not self.is_file_welcome) and (problem := url_problem(value)):
            yield problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth(Rule):
    """One credential, by its kind; it is not repeated."""

    id: ClassVar[str] = PROBLEM_ID

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if value is None:
            return
        if not isinstance(value, Mapping) or len(value) != 1:
            yield 'has one key: "bearer", "basic" or "query".'
            return
        (kind, credential) = next(iter(value.items()))
        if kind == "bearer":
            is_good = is_text(credential) and bool(credential)
        elif kind == "basic":
            is_good = is_words(credential) and len(credential) == 2
        elif kind == "query":
            is_good = isinstance(credential, Mapping) and is_words([*credential.values()])
        else:
            yield f'has the key {shown(kind)}; it is "bearer", "basic" or "query".'
            return
        if not is_good:
            yield f"[{kind!r}] has to be {AUTH_FORMS[kind]}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Names(Rule):
    """Names for tools, by operation."""

    id: ClassVar[str] = PROBLEM_ID

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping):
            yield "is no dictionary of names by operation."
            return
        for operation, name in value.items():
            if not isinstance(operation, str) or not isinstance(name, str):
                yield f"[{shown(operation)}] is no string."
            elif not NAME.fullmatch(name):
                yield f"[{operation!r}] is {shown(name)}; a name has 1 to 40 of A-Z a-z 0-9 _ -."
        if len(set(map(str, value.values()))) < len(value):
            yield "gives two operations the same name."


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission(Rule):
    """The name of a Django permission, or nothing."""

    id: ClassVar[str] = PROBLEM_ID

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if value is not None and not (isinstance(value, str) and all(value.partition("."))):
            yield f"is {shown(value)}; write a permission as app_label.codename."


AUTH_FORMS = {
    "bearer": "a string of printable characters, and not empty",
    "basic": "a pair of strings, a name and a password",
    "query": "a dictionary of strings by parameter",
}
PATTERNS = Words(
    example='an operationId, "tag:name" or "METHOD /path", where * stands for anything'
)

KEYS: Mapping[str, Rule] = {
    "document": Place(is_file_welcome=True),
    "base_url": Place(),
    "headers": Headers(),
    "auth": Auth(),
    "include": PATTERNS,
    "exclude": PATTERNS,
    "names": Names(),
    "permission": Permission(),
    "timeout": SECONDS,
    "refresh": SECONDS,
    "private_hosts": Words(form=r"[^/@?#\s]+", example="a host without scheme and port"),
    "ca_file": File(),
    "output_schemas": YES_OR_NO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One document of the setting."""

    alias: str
    document: str | Path = field(repr=False)
    base_url: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: Mapping[str, Any] | None = field(default=None, repr=False)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    permission: str | None = None
    timeout: float = 30.0  # seconds for a call, and for fetching the document
    refresh: float = 3600.0  # seconds after which the document is fetched again
    private_hosts: frozenset[str] = frozenset()
    ca_file: str | Path | None = None  # instead of the authorities that httpx trusts
    output_schemas: bool = True

    @property
    def url(self) -> str | None:
        """Where the document is fetched; None for a file."""
        return self.document if is_url(self.document) else None  # type: ignore[return-value] # a URL is a string

    @property
    def shown_document(self) -> str:
        """Where the document is, without what may be secret in it."""
        return str(self.document).partition("?")[0]

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers that are sent with every request, with the credential."""
        auth = self.auth or {}
        sent = dict(self.headers)
        if "bearer" in auth:
            sent["Authorization"] = f"Bearer {auth['bearer']}"
        if "basic" in auth:
            sent["Authorization"] = f"Basic {basic(*auth['basic'])}"
        return sent

    @property
    def sent_query(self) -> dict[str, str]:
        """The parameters that are sent with every request."""
        return dict((self.auth or {}).get("query", {}))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no answer may repeat."""
        auth = self.auth or {}
        texts = {*self.headers.values(), *self.sent_query.values()}
        texts.add(auth.get("bearer", ""))
        if "basic" in auth:
            texts |= {auth["basic"][1], basic(*auth["basic"])}
        return tuple(sorted((t for t in texts if len(t) >= SHORTEST_SECRET), key=len, reverse=True))


def read(alias: str, given: Mapping[str, Any]) -> Configuration:
    """
    The configuration of a document.

    Raises ImproperlyConfigured, in the words of the system check.
    """
    for problem in problems(alias, given):
        raise ImproperlyConfigured(problem)
    changed = {
        "include": tuple(given.get("include", ())),
        "exclude": tuple(given.get("exclude", ())),
        "private_hosts": frozenset(
            host.lower().strip("[]") for host in given.get("private_hosts", ())
        ),
    }
    return Configuration(alias=alias, **{**given, **changed})


def problems(alias: str, given: Any) -> Iterator[str]:
    """Say what is wrong with what the setting says of a document."""
    where = f"{SETTING}[{alias!r}]"
    if not isinstance(given, Mapping):
        yield f"{where} is no dictionary."
        return
    for key in sorted(map(str, given.keys() - KEYS.keys())):
        yield f"{where} has the unknown key {shown(key)}; it takes {', '.join(KEYS)}."
    if "document" not in given:
        yield f'{where} lacks "document", a URL or the path of a file.'
    for key in KEYS.keys() & given.keys():
        for problem in KEYS[key].problems(given[key]):
            gap = "" if problem.startswith("[") else " "
            yield f"{where}[{key!r}]{gap}{problem}"
