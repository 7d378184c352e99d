"""The request that a call of an operation becomes; nothing of the caller's own goes into it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from mcp_transport.registry.errors import ArgumentError, Problem
from mcp_transport.sources.openapi.configuration import Configuration
from mcp_transport.sources.openapi.inputs import (
    FORM,
    MULTIPART,
    essence,
    is_json,
    is_textual,
)
from mcp_transport.sources.openapi.operations import (
    COOKIE,
    HEADER,
    PATH,
    QUERY,
    Body,
    Operation,
    Parameter,
)
from mcp_transport.sources.openapi.serializing import (
    header_text,
    joined,
    path_part,
    property_pairs,
    query_pairs,
    text_of,
)
from mcp_transport.version import __version__

USER_AGENT = f"django-mcp-transport/{__version__}"
ACCEPT = "application/json, */*;q=0.5"

Arguments = Mapping[str, Any]
Content = dict[str, Any]  # what httpx makes the body of


def request_of(
    operation: Operation, arguments: Arguments, configuration: Configuration
) -> httpx.Request:
    """
    The request for a call with checked arguments.

    Raises ArgumentError for values that cannot be sent.
    """
    given = [(p, arguments[p.argument]) for p in operation.parameters if p.argument in arguments]
    target = f"{path_of(operation, given)}{query_of(given, configuration)}"
    url = httpx.URL(f"{operation.base}{target}")
    check_url(url, operation.base, target)
    headers, content = body_of(operation.body, arguments)
    headers = {**own_headers(given), **headers, **configuration.sent_headers}
    return httpx.Request(
        operation.method,
        url,
        headers=[(name.encode(), value.encode()) for name, value in _common(headers).items()],
        **content,
    )


def path_of(operation: Operation, given: list[tuple[Parameter, Any]]) -> str:
    """The path with its variables filled in."""
    path = operation.path
    for parameter, value in given:
        if parameter.location == PATH:
            path = path.replace(f"{{{parameter.name}}}", path_part(parameter, value))
    for part in path.split("/"):
        if part in {".", ".."}:  # of several variables, or of one beside dots of the document
            raise ArgumentError([Problem("arguments", "make a path that leads elsewhere")])
    return path


def query_of(given: list[tuple[Parameter, Any]], configuration: Configuration) -> str:
    """The query with what every request has; empty for none."""
    pairs = [
        pair
        for parameter, value in given
        if parameter.location == QUERY
        for pair in query_pairs(parameter, value)
        # A parameter that is spread out could have the name of the credential.
        if pair[0] not in configuration.sent_query
    ]
    pairs += configuration.sent_query.items()
    return f"?{joined(pairs)}" if pairs else ""


def check_url(url: httpx.URL, base: str, target: str) -> None:
    """See that what is sent is what was put together, at the origin that it belongs to."""
    home = httpx.URL(base)
    is_same = url.raw_path == home.raw_path.rstrip(b"/") + target.encode()
    if not is_same or (home.scheme, home.netloc, b"") != (url.scheme, url.netloc, url.userinfo):
        raise ArgumentError([Problem("arguments", "make an address that leads elsewhere")])


def own_headers(given: list[tuple[Parameter, Any]]) -> dict[str, str]:
    """The headers that the operation has parameters for."""
    headers = {p.name: header_text(p, value) for p, value in given if p.location == HEADER}
    cookies = [pair for p, value in given if p.location == COOKIE for pair in query_pairs(p, value)]
    return {**headers, "Cookie": joined(cookies, "; ")} if cookies else headers


def body_of(body: Body | None, arguments: Arguments) -> tuple[dict[str, str], Content]:
    """The headers and the content of a body."""
    if body is None or body.argument not in arguments:
        return {}, {}
    value, kind = arguments[body.argument], essence(body.media_type)
    if kind == MULTIPART:
        return {}, {"files": parts_of(body, value)}
    if kind == FORM:
        pairs = [
            pair
            for name, item in _members(value)
            for pair in property_pairs(name, item, body.encodings.get(name))
        ]
        return {"Content-Type": FORM}, {"content": joined(pairs).encode()}
    headers = {"Content-Type": body.media_type}
    if is_json(kind):
        return headers, {"content": msgspec.json.encode(value)}
    if is_textual(kind):
        return headers, {"content": str(value).encode()}
    return headers, {"content": bytes_of(value, body.argument)}


def parts_of(body: Body, value: Any) -> list[tuple[str, Any]]:
    """The parts of a multipart body."""
    parts = [
        (name, _part(body, name, one))
        for name, item in _members(value)
        for one in (item if isinstance(item, list) else [item])
    ]
    return parts or [("", (None, b""))]


def _part(body: Body, name: str, value: Any) -> Any:
    encoding = body.encodings.get(name)
    content_type = essence(encoding.content_type.partition(",")[0]) if encoding else ""
    if name in body.files:
        kind = content_type if content_type and "*" not in content_type else ""
        return name, bytes_of(value, f"{body.argument}.{name}"), kind or "application/octet-stream"
    if isinstance(value, dict | list):
        return None, msgspec.json.encode(value), content_type or "application/json"
    return None, text_of(value).encode()


def bytes_of(value: Any, argument: str) -> bytes:
    """The bytes in base64. Raises ArgumentError."""
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        raise ArgumentError([Problem(argument, "is no base64")]) from None


def _members(value: Any) -> list[tuple[str, Any]]:
    return [(str(k), v) for k, v in value.items() if v is not None] if type(value) is dict else []


def _common(headers: dict[str, str]) -> dict[str, str]:
    """The headers of every request; what the setting names replaces them."""
    named = {name.lower() for name in headers}
    common = {"Accept": ACCEPT, "User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
    return {**{n: value for n, value in common.items() if n.lower() not in named}, **headers}
