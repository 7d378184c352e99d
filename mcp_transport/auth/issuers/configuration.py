"""What the setting says of one issuer: its keys, each with its rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings as django_settings
from django.core.validators import slug_re

from mcp_transport.auth.principal import NOTHING
from mcp_transport.auth.resources import (
    SAME_WORDS,
    SCOPES,
    AuthorizationServer,
    announce_authorization_servers,
)
from mcp_transport.conf import settings
from mcp_transport.outgoing.configuration import File, url_problem
from mcp_transport.rules import RULES, Choice, Rule, Words, is_safe_address, is_words, shown

SETTING = "MCP_ISSUERS"
#: None with a shared secret, which an issuer's published keys would be taken for, and not "none".
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519",
)  # fmt: skip
USUAL_ALGORITHMS = ("RS256", "PS256", "ES256")
ACCESS_TOKEN = "at+jwt"  # noqa: S105 - a media type (RFC 9068, section 2.1)
LINKED, CREATE = "linked", "create"
LONGEST_ISSUER = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Address(Rule):
    """A URL that can be asked without being overheard, or nothing."""

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if value is not None and (problem := address_problem(value)):
            yield problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Audiences(Rule):
    """Servers by what an issuer calls them."""

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping):
            yield "is no dictionary of servers by audience."
            return
        for audience, slug in value.items():
            if not isinstance(audience, str) or not audience:
                yield f"has the audience {shown(audience)}; it is a text."
            if not isinstance(slug, str) or not slug_re.match(slug):
                yield f"[{audience!r}] is {shown(slug)}; it is the slug of a server."


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeWords(Rule):
    """The scopes of this site by those of an issuer."""

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping):
            yield "is no dictionary of lists of scopes, by the issuer's scope."
            return
        for word, scopes in value.items():
            if not isinstance(word, str) or not word or " " in word:
                yield f"has the scope {shown(word)}; it is a text without spaces."
            if not is_words(scopes) or not all(map(is_scope, scopes)):
                yield f"[{word!r}] is {shown(scopes)}; it is a list of {', '.join(SCOPES)} and tool:<name>."


@dataclass(frozen=True, slots=True, kw_only=True)
class Names(Rule):
    """Texts by texts."""

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping) or not is_words([*value, *value.values()]):
            yield 'is no dictionary like {"theirs": "ours"}.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Rule):
    """A text, which may be empty."""

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, str):
            yield f"is {shown(value)}; it is a text."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Rule):
    """How an issuer is asked about a token; the secret is not repeated."""

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if value is None:
            return
        if not isinstance(value, Mapping) or not {"client_id", "client_secret"} <= value.keys():
            yield 'has "client_id" and "client_secret", with which the site asks.'
            return
        for key in sorted(map(str, value.keys() - {"client_id", "client_secret", "url"})):
            yield f"has the unknown key {shown(key)}."
        for key in ("client_id", "client_secret"):
            if not isinstance(value[key], str) or not value[key]:
                yield f"[{key!r}] is no text."
        if value.get("url") is not None and (problem := address_problem(value["url"])):
            yield f"['url'] {problem}"


KEYS: Mapping[str, Rule] = {
    "algorithms": Words(form="|".join(ALGORITHMS), example=f"one of {', '.join(ALGORITHMS)}"),
    "types": Words(form=r"[A-Za-z0-9+.-]{1,40}", example='a "typ" of tokens, such as at+jwt'),
    "jwks_url": Address(),
    "introspection": Asking(),
    "audiences": Audiences(),
    "users": Choice(words=(LINKED, CREATE)),
    "user_hook": Text(),
    "groups_claim": Text(),
    "groups": Names(),
    "scope_claim": Text(),
    "scopes": ScopeWords(),
    "default_scopes": Words(form=r"tools|tools:read|resources|prompts|tool:.+", example="a scope"),
    "private_hosts": Words(form=r"[^/@?#\s]+", example="a host without scheme and port"),
    "ca_file": File(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """How an issuer is asked about a token (RFC 7662)."""

    client_id: str
    client_secret: str = field(repr=False)
    url: str | None = None  # else what its metadata says


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An authorization server whose tokens the site takes."""

    url: str
    algorithms: frozenset[str] = frozenset(USUAL_ALGORITHMS)
    types: frozenset[str] = frozenset({ACCESS_TOKEN})
    jwks_url: str | None = None
    introspection: Introspection | None = None
    audiences: Mapping[str, str] = field(default_factory=dict)
    users: str = LINKED
    user_hook: str = ""
    groups_claim: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    scope_claim: str = "scope"
    scopes: Mapping[str, tuple[str, ...]] | None = None  # None: the same words
    default_scopes: frozenset[str] = NOTHING
    private_hosts: frozenset[str] = frozenset()
    ca_file: str | Path | None = None  # instead of the authorities that httpx trusts

    def scopes_of(self, words: Iterator[str]) -> frozenset[str]:
        """What this site calls the scopes of a token."""
        if self.scopes is None:
            return self.default_scopes.union(filter(is_scope, words))
        known = (self.scopes.get(word, ()) for word in words)
        return self.default_scopes.union(scope for scopes in known for scope in scopes)

    def as_authorization_server(self) -> AuthorizationServer:
        """What clients are told of it."""
        return AuthorizationServer(issuer=self.url, words=self._words(), given=self.default_scopes)

    def _words(self) -> Mapping[str, str]:
        if self.scopes is None:
            return SAME_WORDS
        narrowest = sorted(self.scopes.items(), key=lambda pair: -len(pair[1]))
        return {scope: word for word, scopes in narrowest for scope in scopes}


class Read(NamedTuple):
    """What was made of a setting."""

    given: Any
    is_debugging: bool
    issuers: dict[str, Issuer]


_last = Read(None, False, {})


def configured() -> dict[str, Issuer]:
    """The issuers of the setting that can be used, by their URL; read once for each value of it."""
    global _last
    given, is_debugging = settings.MCP_ISSUERS, django_settings.DEBUG
    if _last.given is not given or _last.is_debugging is not is_debugging:
        _last = Read(given, is_debugging, _usable(given))
    return _last.issuers


def _usable(given: Mapping[str, Any]) -> dict[str, Issuer]:
    if any(RULES[SETTING].problems(given)):
        return {}
    return {
        url: read(url, options) for url, options in given.items() if not any(problems(url, options))
    }


def announce() -> None:
    """Have the metadata of servers name the issuers; runs once, when the models are loaded."""
    announce_authorization_servers(announced)


def announced() -> list[AuthorizationServer]:
    """What the metadata of servers names."""
    return [issuer.as_authorization_server() for issuer in configured().values()]


def read(url: str, given: Mapping[str, Any]) -> Issuer:
    """An issuer of which problems() says nothing."""
    options = dict(given)
    asking = options.pop("introspection", None)
    if asking is not None:
        options["introspection"] = Introspection(**asking)
    for key in ("algorithms", "default_scopes"):
        if key in options:
            options[key] = frozenset(options[key])
    if "types" in options:
        options["types"] = frozenset(plain_type(name) for name in options["types"])
    if options.get("scopes") is not None:
        options["scopes"] = {word: tuple(scopes) for word, scopes in options["scopes"].items()}
    hosts = options.get("private_hosts", ())
    options["private_hosts"] = frozenset(host.lower().strip("[]") for host in hosts)
    return Issuer(url=url, **options)


def problems(url: Any, given: Any) -> Iterator[str]:
    """Say what is wrong with what the setting says of an issuer."""
    where = f"{SETTING}[{shown(url)}]"
    if problem := address_problem(url):
        yield f"{where} {problem}"
    elif len(url) > LONGEST_ISSUER or "?" in url:
        yield f"{where} is no issuer: it has a query, or more than {LONGEST_ISSUER} characters."
    if not isinstance(given, Mapping):
        yield f"{where} is no dictionary."
        return
    for key in sorted(map(str, given.keys() - KEYS.keys())):
        yield f"{where} has the unknown key {shown(key)}; it takes {', '.join(KEYS)}."
    for key in (key for key in KEYS if key in given):
        for problem in KEYS[key].problems(given[key]):
            yield f"{where}[{key!r}]{'' if problem.startswith('[') else ' '}{problem}"
    if given.get("groups") and not given.get("groups_claim"):
        yield f'{where} has "groups" without "groups_claim", the claim that names them.'


def address_problem(value: object) -> str:
    """Say why something is not asked over HTTP; empty when it can be."""
    if problem := url_problem(value):
        return problem
    return "" if is_askable(str(value)) else "is not of https."


def is_askable(url: str) -> bool:
    """Whether tokens and keys may travel to and from an address."""
    is_tls = url.lower().startswith("https://")
    return is_tls or (django_settings.DEBUG and is_safe_address(url))


def is_scope(word: str) -> bool:
    """Whether a word is a scope of this site that another issuer's token may have."""
    return word in SCOPES or (word.startswith("tool:") and word != "tool:")


def plain_type(typ: str) -> str:
    """A media type as it stands in a token: the case means nothing, nor "application/"."""
    return typ.lower().removeprefix("application/")
