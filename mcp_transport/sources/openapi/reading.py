"""
The bytes of a document as a JSON value, within bounds.

YAML is read as OpenAPI has it, by the JSON rules of YAML 1.2: keys are
strings, ``no`` is a word and a date is text. Aliases are counted before
anything is built of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from mcp_transport.registry.schema import nodes

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 64
MAX_ALIASES = 256
MAX_NODES = 500_000  # objects and arrays, each as often as it is named
LONGEST_NUMBER = 400  # digits
INTEGER = re.compile(r"[-+]?[0-9]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
CONSTANTS = {
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip

if TYPE_CHECKING:
    from yaml import SafeLoader as Parser
else:
    Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the quick one, where it is built


class DocumentError(Exception):
    """A document that cannot be used; the text says why, for the operator."""


class Loader(Parser):
    """Builds JSON values only."""

    def construct_document(self, node: yaml.Node) -> Any:
        """The value of the root."""
        return self.value_of(node, {})

    def value_of(self, node: yaml.Node, made: dict[int, Any]) -> Any:
        """The value of a node; what is named twice is made once."""
        if id(node) not in made:
            made[id(node)] = self._make(node, made)
        return made[id(node)]

    def _make(self, node: yaml.Node, made: dict[int, Any]) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return scalar(node)
        # Noted before it is filled: it may contain itself, which is found afterwards.
        if isinstance(node, yaml.SequenceNode):
            items: list[Any] = []
            made[id(node)] = items
            items.extend(self.value_of(item, made) for item in node.value)
            return items
        members: dict[str, Any] = {}
        made[id(node)] = members
        members.update((key_of(key), self.value_of(item, made)) for key, item in node.value)
        return members


def scalar(node: yaml.ScalarNode) -> Any:
    """The value of a scalar: only one without quotes can be anything but text."""
    text: str = node.value
    if node.style:
        return text
    if text in CONSTANTS:
        return CONSTANTS[text]
    if len(text) > LONGEST_NUMBER:
        return text
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if NUMBER.fullmatch(text) else text


def key_of(node: yaml.Node) -> str:
    """A key as it is written: 200 is text, too."""
    if not isinstance(node, yaml.ScalarNode):
        raise DocumentError(f"it has a key that is no text in line {node.start_mark.line + 1}")
    if node.tag.endswith(":merge"):
        raise DocumentError(
            f"it merges with << in line {node.start_mark.line + 1}, which OpenAPI does not have"
        )
    return str(node.value)


def parse(data: bytes) -> dict[str, Any]:
    """
    The document in some bytes.

    Raises DocumentError for what is none, or is too large.
    """
    if len(data) > MAX_BYTES:
        raise DocumentError(f"it has more than {MAX_BYTES // 2**20} MiB")
    value = _json(data) if data.lstrip()[:1] in (b"{", b"[") else _yaml(data)
    if not isinstance(value, dict):
        raise DocumentError("it is no object")
    for count, (_node, depth) in enumerate(nodes(value)):
        if count > MAX_NODES:
            raise DocumentError(f"it has more than {MAX_NODES} objects and arrays")
        if depth > MAX_DEPTH:
            raise DocumentError(f"it is more than {MAX_DEPTH} levels deep, or contains itself")
    return value


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # YAML may begin like JSON; what is neither is told as what it looks like.
        if isinstance(error, RecursionError):
            raise DocumentError(f"it is more than {MAX_DEPTH} levels deep") from None
        try:
            return _yaml(data)
        except DocumentError:
            raise DocumentError(f"it is neither JSON ({error}) nor YAML") from None


def _yaml(data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
        _count(text)
        return yaml.load(text, Loader)  # noqa: S506 - a safe loader that makes JSON values
    except UnicodeDecodeError:
        raise DocumentError("it is not text in UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentError(f"it is no YAML: {_where(error)}") from None


def _count(text: str) -> None:
    """Refuse what would become too much when it is built."""
    aliases = depth = 0
    for event in yaml.parse(text, Parser):
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if aliases > MAX_ALIASES:
            raise DocumentError(f"it has more than {MAX_ALIASES} aliases")
        if depth > MAX_DEPTH:
            raise DocumentError(f"it is more than {MAX_DEPTH} levels deep")


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    said = str(getattr(error, "problem", None) or type(error).__name__)
    return f"{said} in line {mark.line + 1}" if mark else said
