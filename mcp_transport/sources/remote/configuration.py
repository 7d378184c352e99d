"""What the settings say of one remote server: its keys, each with its rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mcp_transport.outgoing.configuration import File, Headers, is_text, url_problem
from mcp_transport.rules import SECONDS, Number, Rule, Words, is_words, shown
from mcp_transport.sources.foreign.configuration import GRANTS, about_the_alias

SETTING = "MCP_REMOTE"
PROBLEM_ID = "mcp.E061"
NAME_FORM = r"[A-Za-z0-9_-]"
#: Headers that the protocol sets itself.
OWN_HEADERS = frozenset({"accept", "accept-encoding", "content-type", "last-event-id"})
OWN_PREFIX = "mcp-"
GRANT = {"token_url", "client_id", "client_secret", "scope", "resource", "client_auth"}
CLIENT_AUTH = ("basic", "post")


def problems(alias: Any, given: Any, others: Iterable[Any] = ()) -> Iterator[str]:
    """Say what is wrong with a remote server, each as a sentence; secrets are never repeated."""
    found = (
        *about_the_alias(alias, others, noun="remote server"),
        *_about_the_server(given),
    )
    yield from (f"{SETTING}[{alias!r}] {problem}" for problem in found)


def _about_the_server(given: Any) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield "is a dictionary with a url."
        return
    for name in sorted(set(map(str, given)) - {*KEYS}):
        yield f"has the unknown key {shown(name)}; there are {', '.join(sorted(KEYS))}."
    if "url" not in given:
        yield "lacks ['url'], where the server is."
    for name, rule in KEYS.items():
        if name in given:
            yield from (f"[{name!r}] {problem}" for problem in rule.problems(given[name]))
    headers = given.get("headers")
    named = {str(name).lower() for name in headers} if isinstance(headers, Mapping) else set()
    if given.get("auth") is not None and "authorization" in named:
        yield "has ['auth'], and the header Authorization, too; leave out one of them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Url(Rule):
    """Where a server is; a URL may hold a credential and is not repeated."""

    id: ClassVar[str] = PROBLEM_ID

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if problem := url_problem(value):
            yield problem


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeHeaders(Headers):
    """Headers that are sent with every request, but for those of the protocol."""

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        # A dataclass with slots is another class than the one that super() was compiled for.
        yield from Headers.problems(self, value)
        for name in value if isinstance(value, Mapping) else ():
            lower = str(name).lower()
            if lower in OWN_HEADERS or lower.startswith(OWN_PREFIX):
                yield f"sets {name!r}, which the protocol sets; leave it out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth(Rule):
    """One credential, by its kind; it is not repeated."""

    id: ClassVar[str] = PROBLEM_ID

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if value is None:
            return
        if not isinstance(value, Mapping) or len(value) != 1:
            yield 'has one key: "bearer", "basic" or "client_credentials".'
            return
        (kind, credential) = next(iter(value.items()))
        if kind == "client_credentials":
            yield from (f"[{kind!r}] {problem}" for problem in _about_the_grant(credential))
        elif kind == "bearer":
            if not is_text(credential) or not credential:
                yield "['bearer'] has to be a string of printable characters, and not empty."
        elif kind == "basic":
            if not is_words(credential) or len(credential) != 2:
                yield "['basic'] has to be a pair of strings, a name and a password."
        else:
            yield f'has the key {shown(kind)}; it is "bearer", "basic" or "client_credentials".'


@dataclass(frozen=True, slots=True, kw_only=True)
class Names(Rule):
    """Names for tools and prompts, by what the server calls them."""

    id: ClassVar[str] = PROBLEM_ID

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping) or not is_words([*value, *value.values()]):
            yield "is no dictionary of names by name."
            return
        form = Words(form=NAME_FORM + "{1,64}", example="1 to 64 of A-Z a-z 0-9 _ -")
        yield from form.problems(list(value.values()))
        if len(set(value.values())) < len(value):
            yield "gives two the same name."


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix(Rule):
    """What stands before each name; may be empty."""

    id: ClassVar[str] = PROBLEM_ID

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        form = Words(form=NAME_FORM + "{0,31}", example="at most 31 of A-Z a-z 0-9 _ -")
        yield from form.problems([value])


def _about_the_grant(given: Any) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield "is a dictionary with token_url, client_id and client_secret."
        return
    for name in sorted(set(map(str, given)) - GRANT):
        yield f"has the unknown key {shown(name)}; there are {', '.join(sorted(GRANT))}."
    if problem := url_problem(given.get("token_url")):
        yield f"['token_url'] {problem}"
    for name in ("client_id", "client_secret"):
        if not is_text(given.get(name)) or not given.get(name):
            yield f"[{name!r}] has to be a string of printable characters, and not empty."
    for name in ("scope", "resource"):
        if given.get(name) is not None and not is_text(given[name]):
            yield f"[{name!r}] has to be a string of printable characters."
    if given.get("client_auth", "basic") not in CLIENT_AUTH:
        yield f"['client_auth'] is {shown(given['client_auth'])}; it is basic or post."


PATTERNS = Words(example="a name, or the URI of a resource, where * stands for anything")
KEYS: Mapping[str, Rule] = {
    "url": Url(),
    "headers": FreeHeaders(),
    "auth": Auth(),
    "prefix": Prefix(),
    "names": Names(),
    "include": PATTERNS,
    "exclude": PATTERNS,
    "refresh": SECONDS,
    "max_calls": Number(maximum=1000),
    "max_sessions": Number(maximum=10_000),
    "private_hosts": Words(form=r"[^/@?#\s]+", example="a host without scheme and port"),
    "ca_file": File(),
    **GRANTS,
}
