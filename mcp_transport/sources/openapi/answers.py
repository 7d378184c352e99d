"""What an API answered, as the result of a tool; none of its headers is handed on."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import msgspec

from mcp_transport.outgoing.exchanging import Answer
from mcp_transport.protocol.content import (
    Audio,
    BlobResource,
    Content,
    EmbeddedResource,
    Image,
    Text,
)
from mcp_transport.protocol.shortening import shortened
from mcp_transport.registry.results import ToolResult
from mcp_transport.sources.openapi.inputs import essence, is_json, is_textual
from mcp_transport.sources.openapi.operations import Operation

LONGEST_ERROR = 4000  # characters of a body that an error repeats
MASK = b"[redacted]"
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
UNKNOWN = "application/octet-stream"
# By Python's names, of which an answer may choose: it also knows "punycode", among
# others, which takes the square of a body's length to read.
CHARSETS = frozenset({
    "utf-8", "utf-16", "utf-16-be", "utf-16-le", "ascii", "big5", "euc_jp", "euc_kr", "gb18030",
    "gb2312", "gbk", "iso2022_jp", "koi8-r", "koi8-u", "shift_jis",
    *(f"cp125{number}" for number in range(9)),
    *(f"iso8859-{number}" for number in range(1, 17) if number != 12),
})  # fmt: skip


def result_of(operation: Operation, answer: Answer, secrets: Iterable[str] = ()) -> ToolResult:
    """The result of a call."""
    answer = masked(answer, secrets)
    if not 200 <= answer.status < 300:
        return failure(answer)
    return checked(operation, success(operation, answer))


def masked(answer: Answer, secrets: Iterable[str]) -> Answer:
    """The answer without the credentials that it may repeat."""
    body = answer.body
    for secret in secrets:
        body = body.replace(secret.encode(), MASK)
    return replace(answer, body=body) if body is not answer.body else answer


def failure(answer: Answer) -> ToolResult:
    """An error that the model reads, with what the API says about it."""
    said = [f"The API answered {status_line(answer.status)}."]
    if 300 <= answer.status < 400:
        said.append("It points to another address, which is not followed.")
    if answer.retry_after.strip().isdecimal():
        said.append(f"It asks to wait {answer.retry_after.strip()[:10]} seconds.")
    kind = essence(answer.content_type)
    if answer.body and (is_json(kind) or is_textual(kind)):
        said.append(shortened(text_of(answer), LONGEST_ERROR))
    return ToolResult(content=(Text(text="\n".join(said)),), is_error=True)


def success(operation: Operation, answer: Answer) -> ToolResult:
    """What the body holds."""
    kind = essence(answer.content_type)
    if not answer.body:
        return ToolResult(content=(Text(text=f"{status_line(answer.status)}."),))
    if is_json(kind):
        return json_result(answer)
    if is_textual(kind) or not kind:
        return ToolResult(content=(Text(text=text_of(answer)),))
    return ToolResult(content=(binary(operation, answer.body, kind),))


def json_result(answer: Answer) -> ToolResult:
    """A JSON value as data, and as text for clients that know no better."""
    text = Text(text=text_of(answer))
    try:
        value: Any = msgspec.json.decode(answer.body)
        msgspec.json.encode(value)
    except (ValueError, OverflowError, RecursionError):
        return ToolResult(content=(text,))  # it is not what it says
    if isinstance(value, dict | list):
        return ToolResult(content=(text,), structured=value)
    return ToolResult(content=(Text(text=value) if isinstance(value, str) else text,))


def checked(operation: Operation, result: ToolResult) -> ToolResult:
    """The result, held to the output schema where the tool has one."""
    if operation.output is None:
        return result
    if isinstance(result.structured, dict):
        problem = operation.output.problem(result.structured)
    else:
        problem = "it is no JSON object"
    if not problem:
        return result
    said = (
        "The call was carried out, but the answer is not what the API's document says: "
        f"{problem}. This is the answer:"
    )
    return ToolResult(content=(Text(text=said), *result.content), is_error=True)


def binary(operation: Operation, body: bytes, kind: str) -> Content:
    """Bytes, as the content that clients can show."""
    media_type = kind if MEDIA_TYPE.fullmatch(kind) else UNKNOWN
    if media_type.startswith("image/"):
        return Image(data=body, mime_type=media_type)
    if media_type.startswith("audio/"):
        return Audio(data=body, mime_type=media_type)
    uri = f"openapi://{operation.alias}/{operation.name}"
    return EmbeddedResource(resource=BlobResource(uri=uri, blob=body, mime_type=media_type))


def text_of(answer: Answer) -> str:
    """The body as text, in the character set that it names if that is one of the Web's."""
    named = CHARSET.search(answer.content_type)
    try:
        charset = codecs.lookup(named[1]).name if named else "utf-8"
    except LookupError:
        charset = "utf-8"
    return answer.body.decode(charset if charset in CHARSETS else "utf-8", "replace")


def status_line(status: int) -> str:
    """A status with its phrase."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
