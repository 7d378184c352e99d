"""What tools may return, by what they declare."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, Field

from mcp_transport.protocol.content import Image, Text
from mcp_transport.registry.errors import NotFinite, OutputError
from mcp_transport.registry.results import ToolResult, output_of, schema_converter

PICTURE = Image(data=b"png", mime_type="image/png")


class Order(BaseModel):
    """An order."""

    number: int
    price: decimal.Decimal = Field(default=decimal.Decimal("1.50"), alias="unitPrice")


@dataclasses.dataclass
class Point:
    """A point."""

    x: int


def convert(annotation: Any, value: Any, *, is_generator: bool = False) -> ToolResult:
    """The result for a value of a declared type."""
    return output_of(annotation, "tool x", is_generator=is_generator)[1](value)


def text(value: str) -> ToolResult:
    """A result of nothing but text."""
    return ToolResult((Text(text=value),))


@pytest.mark.parametrize(
    "annotation",
    [
        str,
        None,
        type(None),
        Any,
        Text,
        ToolResult,
        Text | Image,
        str | None,
        Annotated[Image, "of a cat"],
        list[Text],
        list[Image | str],
        Sequence[Text],
        tuple[Text, ...],
    ],
)
def test_text_and_content_need_no_schema(annotation: Any) -> None:
    assert output_of(annotation, "tool x")[0] is None


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (int, "integer"),
        (list[str], "array"),
        (tuple[int, str], "array"),
        (dict[str, int], "object"),
        (datetime.date, "string"),
        (Order, "object"),
        (Point, "object"),
        (Iterator[int], "array"),
    ],
)
def test_data_is_described(annotation: Any, kind: str) -> None:
    schema = output_of(annotation, "tool x")[0]
    assert schema is not None
    assert schema["type"] == kind
    assert "title" not in schema


def test_the_schema_describes_what_is_sent() -> None:
    schema = output_of(Order, "tool x")[0]
    assert schema is not None
    assert schema["properties"]["unitPrice"]["type"] == "string"


def test_text_is_one_block() -> None:
    assert convert(str, "hello") == text("hello")
    assert convert(Any, "hello") == text("hello")


def test_text_that_is_not_quite_a_string_is_text() -> None:
    class Safe(str):
        """A string of another class."""

    for value in (Safe("hello"), gettext_lazy("hello")):
        for annotation in (str, Any):
            (block,) = convert(annotation, value).content
            assert isinstance(block, Text)
            assert type(block.text) is str


def test_nothing_is_no_content() -> None:
    assert convert(None, None) == ToolResult()


def test_content_is_sent_as_it_is() -> None:
    assert convert(Image, PICTURE) == ToolResult((PICTURE,))
    assert convert(list[Image | str], ["a", PICTURE]) == ToolResult((Text(text="a"), PICTURE))


@pytest.mark.parametrize(
    ("annotation", "value", "data"),
    [
        (Order, Order(number=1), {"number": 1, "unitPrice": "1.50"}),
        (Order, {"number": "7", "unitPrice": 2}, {"number": 7, "unitPrice": "2"}),
        (Point, Point(x=1), {"x": 1}),
        (list[str], ["a"], ["a"]),
        (int, 5, 5),
        (int | None, None, None),
        (datetime.date, datetime.date(2026, 1, 31), "2026-01-31"),
        (Iterator[int], iter([1, 2]), [1, 2]),
        (set[int], {1}, [1]),
    ],
)
def test_declared_data_is_sent_as_structure_and_as_text(
    annotation: Any, value: Any, data: Any
) -> None:
    result = convert(annotation, value)
    (block,) = result.content
    assert isinstance(block, Text)
    assert result.structured == json.loads(block.text) == data


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"a": datetime.date(2026, 1, 31)}, {"a": "2026-01-31"}),
        ([], []),
        (["a", "b"], ["a", "b"]),
        (Order(number=1), {"number": 1, "unitPrice": "1.50"}),
        (Point(x=1), {"x": 1}),
    ],
)
def test_undeclared_data_is_structured_as_far_as_it_goes(value: Any, data: Any) -> None:
    result = convert(Any, value)
    assert result.structured == data
    assert len(result.content) == 1


@pytest.mark.parametrize(
    ("value", "written"), [(5, "5"), (True, "true"), (datetime.date(2026, 1, 31), "2026-01-31")]
)
def test_an_undeclared_scalar_is_text(value: Any, written: str) -> None:
    assert convert(Any, value) == text(written)


def test_a_result_of_the_tools_own_is_kept() -> None:
    own = ToolResult((Text(text="no"),), is_error=True, meta={"a/b": 1})
    for annotation in (str, Any, ToolResult, Order):
        assert convert(annotation, own) == own


def test_a_result_of_the_tools_own_is_made_sendable() -> None:
    loose = ToolResult(["a", PICTURE], structured={"on": datetime.date(2026, 1, 31)})  # type: ignore[arg-type] # what authors write
    assert convert(Any, loose) == ToolResult(
        (Text(text="a"), PICTURE), structured={"on": "2026-01-31"}
    )
    assert convert(Any, ToolResult(structured=[1])).content == (Text(text="[1]"),)


def test_a_result_of_the_tools_own_keeps_what_was_declared() -> None:
    result = convert(Order, ToolResult(structured=Order(number=1)))
    assert result.structured == {"number": 1, "unitPrice": "1.50"}
    with pytest.raises(OutputError, match="broke its declared return type"):
        convert(Order, ToolResult(structured={"number": "many"}))
    with pytest.raises(OutputError, match="declares structured content and returned none"):
        convert(Order, ToolResult((Text(text="5"),)))


@pytest.mark.parametrize(
    ("annotation", "value", "reason"),
    [
        (str, 5, "is declared to return str and returned an int"),
        (str, None, "returned a NoneType"),
        (int, "many", "tool x broke its declared return type"),
        (Any, b"x", "Wrap bytes in Image, Audio or an EmbeddedResource"),
        (dict[str, Any], b"x", "Wrap bytes in Image"),
        (dict[str, Any], {"a": object()}, "tool x returned what JSON cannot hold"),
        (Any, object(), "an object cannot be sent as JSON"),
        (Any, User(), "Return a pydantic model"),
        (Any, [User()], "Return a pydantic model"),
        (Any, User.objects, "Return a pydantic model"),
        (Any, User.objects.none(), "Return a pydantic model"),
        (list[Text], [PICTURE, 5], "an int stands between content"),
        (list[Text], [PICTURE, b"5"], "Wrap bytes in Image"),
    ],
)
def test_what_cannot_be_sent_is_the_sites_mistake(annotation: Any, value: Any, reason: str) -> None:
    with pytest.raises(OutputError, match=reason):
        convert(annotation, value)


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (bytes, "tool x returns bytes. Wrap"),
        (list[bytes], "tool x returns bytes. Wrap"),
        (User, "tool x returns User. Return a pydantic model"),
        (list[User], "tool x returns User"),
        (User | None, "tool x returns User"),
        (QuerySet, "tool x returns QuerySet"),
        (QuerySet[User], "tool x returns (QuerySet|User)"),
        (object(), "The return type of tool x cannot be described"),
    ],
)
def test_a_type_that_cannot_be_sent_is_refused_where_it_is_written(
    annotation: Any, reason: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=reason):
        output_of(annotation, "tool x")


def test_a_generator_of_text_is_one_text() -> None:
    assert output_of(AsyncIterator[str], "tool x", is_generator=True)[0] is None
    assert convert(Iterator[str], ["a", "b"], is_generator=True) == text("ab")
    assert convert(Any, [], is_generator=True) == ToolResult()


def test_text_with_annotations_keeps_its_own_block() -> None:
    noted = Text(text="b", meta={"a/b": 1})
    result = convert(Any, ["a", noted, "c", "d", PICTURE], is_generator=True)
    assert result.content == (Text(text="a"), noted, Text(text="cd"), PICTURE)


def test_a_generator_of_data_is_a_list() -> None:
    assert convert(Iterator[Order], [{"number": 1}], is_generator=True).structured == [
        {"number": 1, "unitPrice": "1.50"}
    ]
    assert convert(Any, [{"a": 1}], is_generator=True).structured == [{"a": 1}]


def test_a_schema_of_the_sites_own_is_held_to() -> None:
    converted = schema_converter({"type": "object", "required": ["a"]}, "tool x")
    assert converted({"a": 1}).structured == {"a": 1}
    with pytest.raises(OutputError, match="broke its output schema: the whole"):
        converted({"b": 1})
    with pytest.raises(OutputError, match="declares structured content and returned none"):
        converted(ToolResult((Text(text="a"),)))


def test_a_broken_output_schema_is_told_by_place() -> None:
    converted = schema_converter({"properties": {"a": {"items": {"type": "string"}}}}, "tool x")
    with pytest.raises(OutputError, match="a.1: the value is not of type"):
        converted(ToolResult(structured={"a": ["x", 2]}))


def test_no_structure_is_not_the_same_as_null() -> None:
    assert convert(Any, ToolResult()).structured is msgspec.UNSET
    assert convert(Any, ToolResult(structured=None)).structured is None


@pytest.mark.parametrize("annotation", [dict[str, Any], dict, Any])
def test_bytes_inside_data_that_are_no_text_are_the_sites_fault(annotation: Any) -> None:
    _schema, convert = output_of(annotation, "tool x")
    with pytest.raises(OutputError, match="JSON"):
        convert({"picture": b"\xff\xfe"})


class Reading(BaseModel):
    """What a sensor says."""

    value: float
    other: Any = None


NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        (float, NAN, "The result is nan"),
        (Any, -INFINITE, "The result is -inf"),
        (Reading, Reading(value=NAN), "value is nan"),
        (Reading, Reading(value=1, other={"a": [1, INFINITE]}), "other.a.1 is inf"),
        (list[Reading], [Reading(value=1), Reading(value=NAN)], "1.value is nan"),
        (dict[str, Any], {"a": (None, NAN)}, "a.1 is nan"),
        (Any, {"a": {"b": NAN}}, "a.b is nan"),
        (Any, ToolResult((Text(text="x"),), {"a": NAN}), "a is nan"),
        (Reading, ToolResult((Text(text="x"),), {"value": INFINITE}), "value is inf"),
    ],
    ids=str,
)
def test_a_number_that_json_does_not_have_is_told_by_place(
    annotation: Any, value: Any, said: str
) -> None:
    with pytest.raises(NotFinite, match=f"^{said}, a number that JSON does not have"):
        convert(annotation, value)


def test_an_output_schema_says_less_of_such_a_number_than_its_place() -> None:
    converted = schema_converter({"properties": {"a": {"type": "number"}}}, "tool x")
    with pytest.raises(NotFinite, match="a is nan"):
        converted({"a": NAN})


def test_none_is_sent_as_null() -> None:
    sent = convert(Reading, Reading(value=1.5))
    assert sent.structured == {"value": 1.5, "other": None}
    assert sent.content == (Text(text='{"value":1.5,"other":null}'),)
    assert convert(Any, [None, "null"]).structured == [None, "null"]
