"""
Names of inputs: JSON Pointers (RFC 6901), and what they cannot say.

A name that begins with ``/`` holds a value. ``~+2`` in it is the third row of
properties that the schema does not name, and ``~|1`` the second alternative:
both are no pointers by the RFC, so no property can be called like them.
"""

from __future__ import annotations

from collections.abc import Iterable

# What stands before the name of an input that holds something about a value.
AS = "as:"  # what it means that the value is empty
SIZE = "size:"  # how many items or rows there are
KEY = "key:"  # what a row's property is called
CHOICE = "choice:"  # which alternative
JSON = "json:"  # the value as JSON, instead of fields
FILE = "file:"  # a file, instead of a text


def child(pointer: str, key: str | int) -> str:
    """The pointer to a member of what a pointer points to."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def row(name: str, index: int) -> str:
    """The name of a property that the schema does not name."""
    return f"{name}/~+{index}"


def alternative(name: str, index: int) -> str:
    """The name of a value as one of its alternatives."""
    return f"{name}/~|{index}"


def from_path(path: Iterable[str | int]) -> str:
    """The pointer that leads along these members."""
    pointer = ""
    for key in path:
        pointer = child(pointer, key)
    return pointer


def parents(name: str) -> Iterable[str]:
    """A name, what holds it, and so on up to the root."""
    while name:
        yield name
        name = name.rpartition("/")[0]
    yield ""
