"""
Values of arguments as the parts of a request, escaped.

The styles are those of OpenAPI (3.1.1, section 4.8.12.2). Whatever a value is,
it stays one value: no character of it can end a path's part, a parameter or a
header.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from mcp_transport.registry.errors import ArgumentError, Problem
from mcp_transport.sources.openapi.operations import Encoding, Parameter

Pairs = list[tuple[str, str]]

DELIMITERS = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
SEPARATORS = "/\\"


def text_of(value: Any) -> str:
    """A value that stands alone."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()  # numbers, true, null; what is inside of more


def path_part(parameter: Parameter, value: Any) -> str:
    """
    What stands for a variable of a path, escaped.

    Raises ArgumentError for what would be another path: where a server
    unescapes before it looks, an escaped slash is a slash.
    """
    texts = _texts(value)
    for text in texts:
        problem = _path_problem(text)
        if problem:
            raise ArgumentError([Problem(parameter.argument, problem)])
    if not "".join(texts):
        raise ArgumentError([Problem(parameter.argument, "is empty, and stands in a path")])
    return _styled(parameter, value)


def _path_problem(text: str) -> str:
    if any(character in SEPARATORS for character in text):
        return "has a slash or a backslash, and stands in one part of a path"
    if not text.isprintable():
        return "has a character that cannot stand in a path"
    if text.partition(";")[0].strip() in {".", ".."}:
        return "is a dot or two, which leads to another path"
    return ""


def _styled(parameter: Parameter, value: Any) -> str:
    pairs, name = _pairs(value), escaped(parameter.name)
    flat = _flat(value, is_paired=parameter.explode)
    if parameter.style == "label":
        return "." + (".".join(flat) if parameter.explode else ",".join(flat))
    if parameter.style != "matrix":
        return ",".join(flat)
    if pairs is not None and parameter.explode:
        return "".join(f";{escaped(key)}={escaped(text)}" for key, text in pairs)
    if isinstance(value, list) and parameter.explode:
        return "".join(f";{name}={item}" for item in flat)
    return f";{name}={','.join(flat)}"


def query_pairs(parameter: Parameter, value: Any) -> Pairs:
    """What a parameter is in a query, or a cookie; not escaped."""
    if parameter.is_json:
        return [(parameter.name, msgspec.json.encode(value).decode())]
    return form_pairs(parameter.name, value, style=parameter.style, explode=parameter.explode)


def form_pairs(name: str, value: Any, *, style: str, explode: bool) -> Pairs:
    """What a value is in a query or a form; not escaped."""
    if isinstance(value, dict):
        if style == "deepObject":
            return list(_deep(name, value))
        if explode:
            return [(key, text_of(item)) for key, item in value.items()]
        return [(name, ",".join(t for key, item in value.items() for t in (key, text_of(item))))]
    if isinstance(value, list):
        if explode or style == "deepObject":
            return [(name, text_of(item)) for item in value]
        return [(name, DELIMITERS[style].join(map(text_of, value)))]
    return [(name, text_of(value))]


def property_pairs(name: str, value: Any, encoding: Encoding | None) -> Pairs:
    """What a property of a form is sent as."""
    if encoding is not None and encoding.style:
        style = encoding.style if encoding.style in DELIMITERS else "deepObject"
        return form_pairs(name, value, style=style, explode=encoding.explode)
    if isinstance(value, dict):
        return [(name, text_of(value))]
    return form_pairs(name, value, style="form", explode=True)


def header_text(parameter: Parameter, value: Any) -> str:
    """
    What a parameter is in a header.

    Raises ArgumentError for what would end it.
    """
    if parameter.is_json:
        text = msgspec.json.encode(value).decode()
    else:
        pairs = _pairs(value)
        is_paired = parameter.explode and pairs is not None
        items = [f"{k}={t}" for k, t in pairs or ()] if is_paired else _texts(value)
        text = ",".join(items)
    if not text.isprintable():
        problem = "has a line break or another character that cannot stand in a header"
        raise ArgumentError([Problem(parameter.argument, problem)])
    return text.strip(" ")


def joined(pairs: Iterable[tuple[str, str]], separator: str = "&") -> str:
    """Pairs in a query, a form or a cookie, escaped."""
    return separator.join(f"{escaped(name)}={escaped(text)}" for name, text in pairs)


def escaped(text: str) -> str:
    """A text in which nothing means anything."""
    return quote(text, safe="", errors="surrogatepass")


def _pairs(value: Any) -> Pairs | None:
    if not isinstance(value, Mapping):
        return None
    return [(str(key), text_of(item)) for key, item in value.items()]


def _texts(value: Any) -> list[str]:
    """The texts of a value: of an object its names and values, in turn."""
    pairs = _pairs(value)
    if pairs is not None:
        return [text for pair in pairs for text in pair]
    return [text_of(item) for item in value] if isinstance(value, list) else [text_of(value)]


def _flat(value: Any, *, is_paired: bool) -> list[str]:
    pairs = _pairs(value)
    if pairs is not None and is_paired:
        return [f"{escaped(key)}={escaped(text)}" for key, text in pairs]
    return [escaped(text) for text in _texts(value)]


def _deep(name: str, value: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    waiting = [(f"{name}[{key}]", item) for key, item in reversed([*value.items()])]
    while waiting:
        inner, item = waiting.pop()
        if isinstance(item, dict):
            waiting += [(f"{inner}[{key}]", deeper) for key, deeper in reversed([*item.items()])]
        elif isinstance(item, list):
            waiting += [(inner, each) for each in reversed(item) if not isinstance(each, dict)]
        else:
            yield inner, text_of(item)
