"""
Which arguments are secret: never kept, and never repeated.

One rule for all who would show an argument: the record of calls, messages
about wrong arguments, headers that repeat one, forms of the admin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

WRAPPERS = ("anyOf", "oneOf", "allOf", "prefixItems")
CONTAINERS = ("items", "additionalProperties")
MAX_DEPTH = 8  # of schemas inside one property's: a reference may lead back to it


class Secrecy:
    """
    The rule for one entry's arguments.

    An argument is secret, at any depth, if its name ends with one of the
    given names (upper and lower case, ``-`` and ``_`` make no difference) or
    is that of a property the schema marks ``writeOnly`` or ``format:
    password``.
    """

    __slots__ = ("_endings", "_exact")

    def __init__(self, names: Iterable[str], schema: Mapping[str, Any]) -> None:
        self._endings = tuple(_plain(name) for name in names)
        self._exact = frozenset(_plain(name) for name in secret_properties(schema))

    def covers(self, name: str) -> bool:
        """Whether what stands under a name is secret."""
        plain = _plain(name)
        return plain in self._exact or plain.endswith(self._endings)


def secret_properties(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of all properties, wherever they are, that are marked as secret."""
    for part in _parts(schema):
        properties = part.get("properties")
        named = properties.items() if isinstance(properties, dict) else ()
        yield from (name for name, of_one in named if _is_marked(of_one, schema, depth=0))


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            yield dict(part)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _is_marked(part: Any, root: Mapping[str, Any], *, depth: int) -> bool:
    """Whether a property's schema, or one it is put together from, is marked."""
    if not isinstance(part, Mapping) or depth > MAX_DEPTH:
        return False
    if part.get("writeOnly") is True or part.get("format") == "password":
        return True
    return any(_is_marked(inner, root, depth=depth + 1) for inner in _inner(part, root))


def _inner(part: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Any]:
    for key in WRAPPERS:
        inner = part.get(key)
        yield from inner if isinstance(inner, list) else ()
    for key in CONTAINERS:
        yield part.get(key)
    reference = part.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        yield _resolved(reference, root)


def _resolved(reference: str, root: Mapping[str, Any]) -> Any:
    part: Any = root
    for step in reference[2:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        part = part.get(key) if isinstance(part, Mapping) else None
    return part


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
