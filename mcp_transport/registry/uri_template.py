"""
URI templates (RFC 6570, levels 1 to 3): matching a URI and making one.

Matching is for reading resources, so a value that could leave its place is no
match: one with a ``..`` segment or a control character, and one that begins
with a slash where the template does not expect a path of its own.

What is matched comes from a client, so there is one way to match: where two
variables share a segment, the first ends at the literal between them. A
template that leaves a choice is refused, and a URI over MAX_URI_LENGTH matches
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from django.core.exceptions import ImproperlyConfigured

MAX_URI_LENGTH = 2048

UNRESERVED = "-._~"
RESERVED = UNRESERVED + ":/?#[]@!$&'()*+,;="
DELIMITER = re.compile(r"[/?#&]")  # no ordinary value holds one
EXPRESSION = re.compile(r"\{([^{}]*)\}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # what can be a parameter as well
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")
ESCAPED_TRIPLET = re.compile(r"%25([0-9A-Fa-f]{2})")
UNSAFE = re.compile(r"(?:^|[/\\])\.\.(?:$|[/\\])|[\x00-\x1f\x7f]")
QUERY_GROUP = "_query"  # cannot be a variable's name


class Operator(NamedTuple):
    """A row of RFC 6570's table (appendix A), and what a value matches."""

    first: str
    separator: str
    allowed: str  # characters that are not percent-encoded
    value: str  # lenient towards clients that encode less; %s is what ends it


ORDINARY = "[^/?#&,%s]+"
OPERATORS = {
    "": Operator("", ",", UNRESERVED, ORDINARY),
    "+": Operator("", ",", RESERVED, "[^?#]+"),
    "#": Operator("#", ",", RESERVED, ".+"),
    ".": Operator(".", ".", UNRESERVED, ORDINARY),
    "/": Operator("/", "/", UNRESERVED, ORDINARY),
    ";": Operator(";", ";", UNRESERVED, "[^/?#&;%s]*"),
    "?": Operator("?", "&", UNRESERVED, ""),  # parsed, not matched: any order will do
    "&": Operator("&", "&", UNRESERVED, ""),
}
PATHS = frozenset("+#")  # a value may hold slashes
NAMED = frozenset(";?&")  # a value follows its name
QUERY = frozenset("?&")


class Expression(NamedTuple):
    """One ``{…}`` of a template."""

    operator: str
    names: tuple[str, ...]
    may_be_absolute: bool  # whether a value may begin with a slash


class UriTemplate:
    """A parsed template; raises ImproperlyConfigured for one it cannot serve."""

    def __init__(self, template: str) -> None:
        check_uri(template)
        self.template = template
        self._parts = tuple(parse(template))
        expressions = [part for part in self._parts if isinstance(part, Expression)]
        self.variables = tuple(name for part in expressions for name in part.names)
        check_parts(template, self._parts, self.variables)
        self._pattern = re.compile("".join(patterns(self._parts)), re.DOTALL)
        self._query = {n for part in expressions if part.operator in QUERY for n in part.names}
        self._relative = {n for part in expressions if not part.may_be_absolute for n in part.names}

    def __repr__(self) -> str:
        return f"UriTemplate({self.template!r})"

    def match(self, uri: str) -> dict[str, str] | None:
        """The variables of a URI, decoded; None when it does not fit or is unsafe."""
        found = self._pattern.fullmatch(uri) if len(uri) <= MAX_URI_LENGTH else None
        raw = self._raw_values(found) if found else None
        return None if raw is None else self._decoded(raw)

    def expand(self, variables: Mapping[str, str]) -> str:
        """The URI for these variables; one that is missing leaves nothing."""
        return "".join(
            part if isinstance(part, str) else expansion(part, variables) for part in self._parts
        )

    def _raw_values(self, found: re.Match[str]) -> dict[str, str] | None:
        values = {name: value for name, value in found.groupdict().items() if value is not None}
        query = values.pop(QUERY_GROUP, "")[1:]
        pairs = [pair.partition("=") for pair in query.split("&")] if query else []
        named = {name: value for name, _, value in pairs}
        is_known = len(named) == len(pairs) and named.keys() <= self._query
        return values | named if is_known else None

    def _decoded(self, raw: Mapping[str, str]) -> dict[str, str] | None:
        try:
            values = {name: unquote(value, errors="strict") for name, value in raw.items()}
        except UnicodeDecodeError:
            return None
        return values if all(self._is_safe(*item) for item in values.items()) else None

    def _is_safe(self, name: str, value: str) -> bool:
        if name in self._relative and value.startswith(("/", "\\")):
            return False
        return not UNSAFE.search(value)


def check_uri(uri: str) -> None:
    """Refuse what is no absolute URI (RFC 3986)."""
    if not SCHEME.match(uri):
        raise ImproperlyConfigured(
            f"{uri!r} is no absolute URI; begin it with a scheme, as in 'shop://orders'."
        )


def parse(template: str) -> Iterator[str | Expression]:
    """The literals and expressions of a template, in order."""
    pieces = EXPRESSION.split(template)
    for index, piece in enumerate(pieces):
        if index % 2:
            yield parse_expression(template, piece, follows_slash=pieces[index - 1].endswith("/"))
        elif "{" in piece or "}" in piece:
            raise refusal(template, "a brace has no partner")
        elif piece:
            yield piece


def parse_expression(template: str, body: str, *, follows_slash: bool) -> Expression:
    """The expression between two braces."""
    operator = body[:1] if body[:1] in OPERATORS else ""
    names = tuple(body[len(operator) :].split(","))
    for name in names:
        if not NAME.fullmatch(name):
            raise refusal(template, f"{name!r} is no variable (levels 1 to 3 of RFC 6570 only)")
    may_be_absolute = operator in QUERY | {"#", ";"} or (operator == "+" and not follows_slash)
    return Expression(operator, names, may_be_absolute)


def check_parts(template: str, parts: Sequence[str | Expression], variables: Sequence[str]) -> None:
    """Refuse a template whose meaning is doubtful or whose matching could be slow."""
    if len(set(variables)) != len(variables):
        raise refusal(template, "a variable occurs twice")
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        if isinstance(part, Expression) and following:
            check_following(template, part, following)
    paths = [name for part in parts for name in path_names(part)]
    if len(paths) > 1:
        raise refusal(template, f"{' and '.join(paths)} could each hold the other's slashes")


def check_following(template: str, part: Expression, following: str | Expression) -> None:
    """Refuse what stands behind an expression and cannot be told from its values."""
    operator = following.operator if isinstance(following, Expression) else None
    if part.operator == "#" or (part.operator in QUERY and operator != "#"):
        raise refusal(template, f"something follows {{{part.operator}…}}, which has to be last")
    if operator is not None and not OPERATORS[operator].first:
        raise refusal(template, "two expressions touch; put a literal between them")


def path_names(part: str | Expression) -> tuple[str, ...]:
    """The variables whose values may end anywhere; a fragment has a place of its own."""
    if isinstance(part, str) or part.operator not in PATHS:
        return ()
    return part.names if part.operator == "+" else part.names[1:]


def refusal(template: str, reason: str) -> ImproperlyConfigured:
    """The error for a template that cannot be served."""
    return ImproperlyConfigured(f"The URI template {template!r} cannot be served: {reason}.")


def patterns(parts: Sequence[str | Expression]) -> Iterator[str]:
    """The regular expressions for the parts of a template."""
    for index, part in enumerate(parts):
        if isinstance(part, str):
            yield re.escape(part)
        elif part.operator in QUERY:
            yield f"(?P<{QUERY_GROUP}>{re.escape(OPERATORS[part.operator].first)}[^#]*)?"
        else:
            yield from variable_patterns(part, end=ending(part, parts[index + 1 :]))


def ending(part: Expression, following: Sequence[str | Expression]) -> str:
    """The character at which a value ends because another variable comes behind it."""
    if len(part.names) > 1 and part.operator == ".":
        return "."
    if not following:
        return ""
    if isinstance(following[0], Expression):
        return OPERATORS[following[0].operator].first
    is_shared = len(following) > 1 and not DELIMITER.search(following[0])
    return following[0][0] if is_shared else ""


def variable_patterns(part: Expression, *, end: str) -> Iterator[str]:
    """The regular expressions for the variables of an expression."""
    operator = OPERATORS[part.operator]
    value = operator.value.replace("%s", re.escape(end))
    for index, name in enumerate(part.names):
        prefix = operator.separator if index else operator.first
        before = re.escape(prefix) + (rf"{name}(?=[;=/?#&]|$)=?" if part.operator in NAMED else "")
        group = f"{before}(?P<{name}>{value})"
        yield f"(?:{group})?" if prefix else group


def expansion(part: Expression, variables: Mapping[str, str]) -> str:
    """What an expression becomes (RFC 6570, appendix A)."""
    operator = OPERATORS[part.operator]
    values = [
        named_value(part.operator, name, encoded(part.operator, variables[name]))
        for name in part.names
        if name in variables
    ]
    return operator.first + operator.separator.join(values) if values else ""


def named_value(operator: str, name: str, value: str) -> str:
    """The value, behind its name where the operator wants it."""
    if operator not in NAMED:
        return value
    return name if operator == ";" and not value else f"{name}={value}"


def encoded(operator: str, value: str) -> str:
    """The value, percent-encoded; reserved expansion keeps triplets as they are."""
    text = quote(value, safe=OPERATORS[operator].allowed)
    return ESCAPED_TRIPLET.sub(r"%\1", text) if operator in PATHS else text
