"""What of a call's arguments is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

MASK = "[redacted]"
MAX_BYTES = 4096  # of JSON; more is not kept at all
WRAPPERS = ("anyOf", "oneOf", "allOf", "prefixItems")
CONTAINERS = ("items", "additionalProperties")


class Redactor:
    """
    Turns arguments of one entry into JSON without what is secret.

    An argument is secret, at any depth, if its name ends with one of the
    given names (upper and lower case, ``-`` and ``_`` make no difference) or
    is that of a property the schema marks ``writeOnly`` or ``format:
    password``. Made once for an entry, so that most calls look at names only.
    """

    def __init__(self, names: Iterable[str], schema: Mapping[str, Any]) -> None:
        self._endings = tuple(_plain(name) for name in names)
        self._exact = frozenset(_plain(name) for name in secret_properties(schema))
        self._harmless = frozenset(
            name for name in schema.get("properties", ()) if not self.is_secret(name)
        )

    def __call__(self, arguments: Mapping[str, Any]) -> str:
        """Return the JSON text that is kept."""
        if not self._is_harmless(arguments):
            arguments = self._masked(arguments)
        text = msgspec.json.encode(arguments)
        if len(text) > MAX_BYTES:
            return f'{{"[not kept]":"{len(text)} bytes"}}'
        return text.decode()

    def _is_harmless(self, arguments: Mapping[str, Any]) -> bool:
        for name, value in arguments.items():
            if name not in self._harmless or isinstance(value, (dict, list, tuple)):
                return False
        return True

    def is_secret(self, name: str) -> bool:
        """Whether what stands under a name is not kept."""
        plain = _plain(name)
        return plain in self._exact or plain.endswith(self._endings)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                name: MASK if self.is_secret(name) else self._masked(item)
                for name, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._masked(item) for item in value]
        return value


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
    if not isinstance(part, Mapping) or depth > 8:
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
