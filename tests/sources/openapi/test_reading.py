"""Tests of mcp_transport.sources.openapi.reading."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_transport.sources.openapi.reading import DocumentError, parse


def bomb(levels: int) -> bytes:
    """Aliases that grow ninefold with each level."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines).encode()


def test_yaml_is_read_by_the_rules_of_json() -> None:
    text = b"200: a\nno: no\non: 2020-01-01\nn: [010, 1.5, 1e3, ~, 'true', true, 1:30, 0x1f, .nan]"
    assert parse(text) == {
        "200": "a",
        "no": "no",
        "on": "2020-01-01",
        "n": [10, 1.5, 1000.0, None, "true", True, "1:30", "0x1f", ".nan"],
    }


def test_an_alias_stands_for_what_it_names() -> None:
    assert parse(b"a: &x {y: 1}\nb: *x") == {"a": {"y": 1}, "b": {"y": 1}}


def test_json_is_read() -> None:
    assert parse(b' {"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}


def test_no_tag_makes_an_object() -> None:
    assert parse(b"a: !!python/object/apply:os.system [x]") == {"a": ["x"]}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"a: &a [*a]", "contains itself"),
        (b"a: {<<: {b: 1}}", "merges with << in line 1"),
        (b"? [1]\n: 2", "a key that is no text"),
        (b"a: [", "it is no YAML: "),
        (b"[1", "it is neither JSON"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"a: " + b"[" * 100 + b"]" * 100, "levels deep"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "levels deep"),
        (b"[" * 100_000, "levels deep"),
        (b"- 1", "it is no object"),
        (b"", "it is no object"),
        (b"a: &b [1]\nc: [" + b"*b," * 300 + b"]", "more than 256 aliases"),
        (bomb(25), "objects and arrays"),
        (b"a" * (10 * 2**20 + 1), "more than 10 MiB"),
    ],
)
def test_what_is_no_document_or_too_much_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(data)
    assert says in str(caught.value)


def test_a_number_that_nobody_could_mean_is_text() -> None:
    assert parse(b"a: " + b"9" * 5000) == {"a": "9" * 5000}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text('aé\n"\\\x00', max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab<é", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=5), VALUES, min_size=1, max_size=3))
def test_json_is_read_as_it_was_written(value: dict[str, object]) -> None:
    assert parse(json.dumps(value).encode()) == value


@settings(max_examples=300)
@given(
    st.binary(max_size=60) | st.text("&*[]{}:,-?|>!%@`'\"#\n\t ab1~<", max_size=60).map(str.encode)
)
def test_nonsense_is_a_value_or_an_error(data: bytes) -> None:
    try:
        assert isinstance(parse(data), dict)
    except DocumentError as error:
        assert len(str(error)) < 500
