"""Tests of mcp_transport.sources.openapi.naming."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mcp_transport.sources.openapi.naming import Key, names


def test_a_tool_has_the_name_of_its_operation() -> None:
    found = names("pets", [("GET", "/pets", "findPets"), ("DELETE", "/pets/{id}", "")], {})
    assert list(found.values()) == ["pets_findPets", "pets_delete__pets_id"]


def test_what_no_client_takes_is_replaced() -> None:
    (name,) = names("pets", [("GET", "/a", "Pets.find all/ü")], {}).values()
    assert name == "pets_Pets_find_all"


def test_a_name_can_be_given() -> None:
    keys: list[Key] = [("GET", "/a", "one"), ("GET", "/b", "two"), ("GET", "/c", "search")]
    found = names("pets", keys, {"one": "search", "GET /b": "other"})
    assert found[keys[0]] == "pets_search"
    assert found[keys[1]] == "pets_other"
    assert re.fullmatch(r"pets_search_[0-9a-f]{8}", found[keys[2]])


KEYS = st.tuples(
    st.sampled_from(["GET", "PUT"]), st.text("/ab{}", max_size=80), st.text("aB_. ", max_size=80)
)


@given(st.lists(KEYS, unique_by=lambda key: key[:2], max_size=20))
def test_names_are_unique_short_and_do_not_depend_on_the_order(keys: list[Key]) -> None:
    found = names("pets", keys, {})
    assert len(set(found.values())) == len(keys)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in found.values())
    assert names("pets", keys[::-1], {}) == found
