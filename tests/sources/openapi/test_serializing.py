"""Tests of mcp_transport.sources.openapi.serializing: the table of OpenAPI 3.1.1, 4.8.12.5."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.registry.errors import ArgumentError
from mcp_transport.sources.openapi.operations import Encoding, Parameter
from mcp_transport.sources.openapi.serializing import (
    header_text,
    joined,
    path_part,
    property_pairs,
    query_pairs,
)

ARRAY = ["blue", "black", "brown"]
OBJECT = {"R": 100, "G": 200, "B": 150}


def parameter(style: str, *, explode: bool = False, is_json: bool = False) -> Parameter:
    """A parameter called color."""
    return Parameter(
        argument="color", name="color", location="", style=style, explode=explode, is_json=is_json
    )


@pytest.mark.parametrize(
    ("style", "explode", "value", "text"),
    [
        ("simple", False, "blue", "blue"),
        ("simple", False, ARRAY, "blue,black,brown"),
        ("simple", False, OBJECT, "R,100,G,200,B,150"),
        ("simple", True, OBJECT, "R=100,G=200,B=150"),
        ("label", False, "blue", ".blue"),
        ("label", False, ARRAY, ".blue,black,brown"),
        ("label", True, ARRAY, ".blue.black.brown"),
        ("label", True, OBJECT, ".R=100.G=200.B=150"),
        ("matrix", False, "blue", ";color=blue"),
        ("matrix", False, ARRAY, ";color=blue,black,brown"),
        ("matrix", True, ARRAY, ";color=blue;color=black;color=brown"),
        ("matrix", False, OBJECT, ";color=R,100,G,200,B,150"),
        ("matrix", True, OBJECT, ";R=100;G=200;B=150"),
        ("simple", False, True, "true"),
        ("simple", False, 1.5, "1.5"),
        ("simple", False, "a b?c#d&e%2F", "a%20b%3Fc%23d%26e%252F"),
    ],
)
def test_styles_of_a_path(style: str, explode: bool, value: Any, text: str) -> None:
    assert path_part(parameter(style, explode=explode), value) == text


@pytest.mark.parametrize(
    "value",
    ["", "a/b", "a\\b", ".", "..", " .. ", "..;x", "a\nb", "a\x00", "\x7f", [], ["a", ".."]],
)
def test_what_would_be_another_path_is_refused(value: Any) -> None:
    with pytest.raises(ArgumentError, match="color"):
        path_part(parameter("simple"), value)


@pytest.mark.parametrize(
    ("style", "explode", "value", "text"),
    [
        ("form", True, "blue", "color=blue"),
        ("form", True, ARRAY, "color=blue&color=black&color=brown"),
        ("form", False, ARRAY, "color=blue%2Cblack%2Cbrown"),
        ("form", True, OBJECT, "R=100&G=200&B=150"),
        ("form", False, OBJECT, "color=R%2C100%2CG%2C200%2CB%2C150"),
        ("spaceDelimited", False, ARRAY, "color=blue%20black%20brown"),
        ("pipeDelimited", False, ARRAY, "color=blue%7Cblack%7Cbrown"),
        ("deepObject", True, OBJECT, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
        ("deepObject", True, {"a": {"b": [1, 2]}}, "color%5Ba%5D%5Bb%5D=1&color%5Ba%5D%5Bb%5D=2"),
        ("form", True, "a&b=c\r\nX: y", "color=a%26b%3Dc%0D%0AX%3A%20y"),
        ("form", True, None, "color=null"),
    ],
)
def test_styles_of_a_query(style: str, explode: bool, value: Any, text: str) -> None:
    assert joined(query_pairs(parameter(style, explode=explode), value)) == text


def test_a_parameter_may_be_json() -> None:
    assert query_pairs(parameter("form", is_json=True), {"a": [1]}) == [("color", '{"a":[1]}')]
    assert header_text(parameter("simple", is_json=True), {"a": [1]}) == '{"a":[1]}'


def test_styles_of_a_header() -> None:
    assert header_text(parameter("simple"), ARRAY) == "blue,black,brown"
    assert header_text(parameter("simple", explode=True), OBJECT) == "R=100,G=200,B=150"
    assert header_text(parameter("simple"), " ü ") == "ü"


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "\x00", ["a", "b\r"], {"a\n": 1}])
def test_nothing_ends_a_header(value: Any) -> None:
    with pytest.raises(ArgumentError, match="header"):
        header_text(parameter("simple"), value)


@pytest.mark.parametrize(
    ("value", "encoding", "pairs"),
    [
        ([1, 2], None, [("color", "1"), ("color", "2")]),
        ({"a": 1}, None, [("color", '{"a":1}')]),
        ({"a": 1}, Encoding(style="deepObject"), [("color[a]", "1")]),
        ([1, 2], Encoding(style="form", explode=False), [("color", "1,2")]),
    ],
)
def test_properties_of_a_form(value: Any, encoding: Encoding | None, pairs: Any) -> None:
    assert property_pairs("color", value, encoding) == pairs
