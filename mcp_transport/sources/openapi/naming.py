"""
What an operation's tool is called: the alias of its document, and its own name.

A name does not depend on the order of a document. Where several operations
would have the same one, each has a digest of its method and path behind it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

LONGEST = 64  # characters that every client takes
DIGEST = 8
UNUSABLE = re.compile(r"[^A-Za-z0-9_-]+")

Key = tuple[str, str, str]  # method, path and operationId, which may be empty


def names(alias: str, operations: Iterable[Key], given: Mapping[str, str]) -> dict[Key, str]:
    """The names of tools, by operation."""
    wanted = {key: given_name(key, given) or own_name(key) for key in operations}
    uses = Counter(wanted.values())
    return {
        key: fitting(alias, name, key, is_shared=uses[name] > 1 and not given_name(key, given))
        for key, name in wanted.items()
    }


def given_name(key: Key, given: Mapping[str, str]) -> str:
    """The name that the setting gives an operation; empty for none."""
    method, path, operation_id = key
    return given.get(f"{method} {path}") or given.get(operation_id, "")


def own_name(key: Key) -> str:
    """The name that the document gives an operation."""
    method, path, operation_id = key
    return plain(operation_id) or plain(f"{method.lower()}_{path}") or method.lower()


def plain(text: str) -> str:
    """A text with the characters of a name only."""
    return UNUSABLE.sub("_", text).strip("_")


def fitting(alias: str, name: str, key: Key, *, is_shared: bool) -> str:
    """The whole name; one that is shared or too long has a digest at its end."""
    whole = f"{alias}_{name}"
    if not is_shared and len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256(f"{key[0]} {key[1]}".encode()).hexdigest()[:DIGEST]
    return f"{whole[: LONGEST - DIGEST - 1]}_{digest}"
