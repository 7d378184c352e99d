"""What of a call's arguments is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mcp_transport.registry.secrecy import Secrecy

MASK = "[redacted]"
MAX_BYTES = 4096  # of JSON; more is not kept at all


class Redactor:
    """
    Turns arguments of one entry into JSON without what is secret.

    Made once for an entry, so that most calls look at names only.
    """

    def __init__(self, names: Iterable[str], schema: Mapping[str, Any]) -> None:
        #: Whether what stands under a name is not kept.
        self.is_secret = Secrecy(names, schema).covers
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

    def _masked(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                name: MASK if self.is_secret(name) else self._masked(item)
                for name, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._masked(item) for item in value]
        return value
