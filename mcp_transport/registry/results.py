"""
What a tool's return value becomes in its result, by the declared type.

Text and content are sent as they are. Data is validated against the declared
type and sent twice: as structured content, and as JSON text for clients that
know no better. A generator's values are converted together, as a list.
"""

from __future__ import annotations

import collections.abc
import math
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Manager, Model, QuerySet
from django.utils.functional import Promise
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from mcp_transport.protocol.content import CONTENT_TYPES, Content, Text
from mcp_transport.registry.checking import Checked
from mcp_transport.registry.errors import NotFinite, OutputError
from mcp_transport.registry.schema import adapter_for, schema_of


class ToolResult(msgspec.Struct, frozen=True):
    """The result of a tool; a tool may return one to say exactly what is sent."""

    content: tuple[Content, ...] = ()
    structured: Any = msgspec.UNSET  # any JSON value, None included
    is_error: bool = False
    meta: dict[str, Any] | None = None


Convert = Callable[[Any], ToolResult]
DataOf = Callable[[Any], tuple[Any, Text]]  # a JSON value, and the same as text
Schema = dict[str, Any]

EMPTY = ToolResult()
TEXT = (str, Promise)  # a lazy translation is text as well
BLOCKS = (*TEXT, *CONTENT_TYPES)
PLAIN = (None, Any, NoneType, ToolResult, *BLOCKS)  # sent as it is, without a schema
DATABASE = (Model, QuerySet, Manager)
BYTES = (bytes, bytearray, memoryview)
ITERATORS = (
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncIterable,
    collections.abc.AsyncGenerator,
)

BYTES_REMEDY = "Wrap bytes in Image, Audio or an EmbeddedResource with a BlobResource."
DATABASE_REMEDY = "Return a pydantic model, or the dictionaries of values(), instead of rows."


def output_of(
    annotation: Any, subject: str, *, is_generator: bool = False
) -> tuple[Schema | None, Convert]:
    """The schema for a return annotation, if it declares data, and the converter."""
    if annotation is str:
        return None, convert_text
    if is_generator and is_plain(item_of(annotation)):
        return None, convert_pieces
    if is_plain(annotation):
        return None, convert_any
    declared = list[item_of(annotation)] if is_iterator(annotation) else annotation  # type: ignore[misc] # known at run time only
    check_declared(declared, subject)
    what = f"The return type of {subject}"
    adapter = adapter_for(declared, what)
    return schema_of(adapter, what, "serialization"), typed_converter(adapter, subject)


def is_iterator(annotation: Any) -> bool:
    """Whether a type says only that things come one after another."""
    return get_origin(annotation) in ITERATORS


def item_of(annotation: Any) -> Any:
    """What an iterator is declared to yield."""
    return get_args(annotation)[0] if is_iterator(annotation) else Any


def is_plain(annotation: Any) -> bool:
    """Whether a type is sent as it is and so needs no schema."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return is_plain(annotation.__origin__)
    if origin in (Union, UnionType):
        return all(map(is_plain, get_args(annotation)))
    if origin in (list, tuple, collections.abc.Sequence):
        return is_content_list(get_args(annotation))
    return any(annotation is kind for kind in PLAIN)


def is_content_list(members: tuple[Any, ...]) -> bool:
    """Whether a list holds content; one of nothing but strings is data."""
    kinds = {kind for member in members for kind in (get_args(member) or (member,))}
    kinds.discard(Ellipsis)
    return bool(kinds.intersection(CONTENT_TYPES)) and kinds <= {str, *CONTENT_TYPES}


def check_declared(annotation: Any, subject: str) -> None:
    """Refuse a type that cannot be sent, where it is written."""
    for kind in (annotation, get_origin(annotation), *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, DATABASE):
            raise ImproperlyConfigured(f"{subject} returns {kind.__name__}. {DATABASE_REMEDY}")
        if isinstance(kind, type) and issubclass(kind, BYTES):
            raise ImproperlyConfigured(f"{subject} returns {kind.__name__}. {BYTES_REMEDY}")


def convert_text(value: Any) -> ToolResult:
    """The result of a function that is declared to return text."""
    if type(value) is str:
        return ToolResult((Text(text=value),))
    if isinstance(value, ToolResult):
        return completed(value)
    if isinstance(value, TEXT):
        return ToolResult((as_content(value),))
    raise OutputError(f"The function is declared to return str and returned {named(value)}.")


def convert_any(value: Any) -> ToolResult:
    """The result of a function that declares content, or nothing."""
    if value is None:
        return EMPTY
    if isinstance(value, ToolResult):
        return completed(value)
    if isinstance(value, BLOCKS):
        return ToolResult((as_content(value),))
    if isinstance(value, list | tuple) and any(isinstance(item, CONTENT_TYPES) for item in value):
        return ToolResult(tuple(map(as_content, value)))
    data = to_json_value(value)
    if isinstance(data, dict | list):
        return ToolResult((json_text(data),), data)
    return ToolResult((as_content(data) if isinstance(data, str) else json_text(data),))


def convert_pieces(values: list[Any]) -> ToolResult:
    """The result of a generator: text is joined; what is neither text nor content is data."""
    if not all(isinstance(value, BLOCKS) for value in values):
        return convert_any(values)
    content: list[Content] = []
    for block in map(as_content, values):
        if content and is_bare(block) and is_bare(last := content[-1]):
            content[-1] = Text(text=last.text + block.text)
        else:
            content.append(block)
    return ToolResult(tuple(content))


def is_bare(block: Content) -> TypeGuard[Text]:
    """Whether a block is nothing but text."""
    return isinstance(block, Text) and block.annotations is None and block.meta is None


def typed_converter(adapter: TypeAdapter[Any], subject: str) -> Convert:
    """What converts values of a declared type."""
    validate, dump = adapter.validator.validate_python, adapter.serializer.to_python

    def data_of(value: Any) -> tuple[Any, Text]:
        refuse_unsendable(value)
        try:
            found = validate(value)
            data = dump(found, mode="json", by_alias=True)
            # Where a type allows anything, pydantic has made null of what is no number.
            return data, json_text(data, lambda: dump(found, by_alias=True))
        except ValidationError as exc:
            raise OutputError(f"{subject} broke its declared return type: {exc}") from exc
        except ValueError as exc:  # UnicodeDecodeError is one, for bytes inside the data
            raise OutputError(f"{subject} returned what JSON cannot hold: {exc}") from exc

    return data_converter(data_of, subject)


def schema_converter(schema: Mapping[str, Any], subject: str) -> Convert:
    """What converts data and holds it to an output schema that the site wrote."""
    checked = Checked(schema)

    def data_of(value: Any) -> tuple[Any, Text]:
        data = to_json_value(value)
        text = json_text(data)
        if problem := checked.problem(data):
            raise OutputError(f"{subject} broke its output schema: {problem}")
        return data, text

    return data_converter(data_of, subject)


def data_converter(data_of: DataOf, subject: str) -> Convert:
    """What sends data as structured content and as text, once it is found to conform."""

    # As text, too, for clients that know no better (2025-11-25, server/tools, Structured Content).
    def convert(value: Any) -> ToolResult:
        if isinstance(value, ToolResult):
            return conforming(completed(value), data_of, subject)
        data, text = data_of(value)
        return ToolResult((text,), data)

    return convert


def conforming(result: ToolResult, data_of: DataOf, subject: str) -> ToolResult:
    """The result, if its structured content is what was declared; an error needs none."""
    if result.is_error:
        return result
    if result.structured is msgspec.UNSET:
        raise OutputError(f"{subject} declares structured content and returned none.")
    return msgspec.structs.replace(result, structured=data_of(result.structured)[0])


def completed(result: ToolResult) -> ToolResult:
    """A result that a tool made itself, in sendable form."""
    content = tuple(map(as_content, result.content))
    if result.structured is msgspec.UNSET:
        return msgspec.structs.replace(result, content=content)
    data = to_json_value(result.structured)
    text = json_text(data)
    return msgspec.structs.replace(result, content=content or (text,), structured=data)


def as_content(item: Any) -> Content:
    """A block of content; text may be a plain string."""
    if isinstance(item, TEXT):
        return Text(text=str(item))
    if isinstance(item, CONTENT_TYPES):
        return item
    refuse_unsendable(item)
    raise OutputError(f"{named(item)} stands between content and is none; use Text(text=…).")


def to_json_value(value: Any) -> Any:
    """The JSON value of data of any type."""
    refuse_unsendable(value)
    try:
        return to_jsonable_python(value)
    except ValueError as exc:
        raise OutputError(
            f"{named(value)} cannot be sent as JSON: {exc}. {DATABASE_REMEDY}"
        ) from exc


def refuse_unsendable(value: Any) -> None:
    """Refuse bytes and rows, which are never meant to be sent as they are."""
    if isinstance(value, BYTES):
        raise OutputError(f"The function returned {named(value)}. {BYTES_REMEDY}")
    if isinstance(value, DATABASE):
        raise OutputError(f"The function returned {named(value)}. {DATABASE_REMEDY}")


def json_text(data: Any, before: Callable[[], Any] | None = None) -> Text:
    """
    A JSON value as text; ``before`` is what it was made of, if that says more.

    Raises NotFinite.
    """
    text = msgspec.json.encode(data).decode()
    if "null" in text:  # which msgspec makes of what is no number; most results have none
        refuse_infinite(data if before is None else before())
    return Text(text=text)


def refuse_infinite(data: Any) -> None:
    """Raise NotFinite for data with NaN or an infinity in it."""
    waiting: list[tuple[Any, tuple[object, ...]]] = [(data, ())]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, float):
            if not math.isfinite(value):
                raise NotFinite(value, place)
        elif isinstance(value, Mapping):
            waiting.extend((item, (*place, key)) for key, item in value.items())
        elif isinstance(value, list | tuple | set | frozenset):
            waiting.extend((item, (*place, index)) for index, item in enumerate(value))


def named(value: Any) -> str:
    """The type of a value, for error messages."""
    return f"{'an' if type(value).__name__[0] in 'aeiouAEIOU' else 'a'} {type(value).__name__}"
