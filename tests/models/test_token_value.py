"""Tests of mcp_transport.models.token_value."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_transport.models.token_value import (
    ALPHABET,
    LENGTH,
    checksum,
    digest,
    is_well_formed,
    new_value,
)


def test_a_new_value_is_well_formed_and_like_no_other() -> None:
    values = {new_value() for _ in range(100)}
    assert len(values) == 100
    assert all(len(value) == LENGTH and is_well_formed(value) for value in values)


@pytest.mark.parametrize("position", range(LENGTH))
def test_a_value_with_one_wrong_character_is_not_well_formed(position: int) -> None:
    value = new_value()
    wrong = "x" if value[position] != "x" else "y"
    assert not is_well_formed(value[:position] + wrong + value[position + 1 :])


@given(st.text())
def test_no_text_breaks_the_form(value: str) -> None:
    assert not is_well_formed(value)
    assert not is_well_formed(("mcp_" + value).ljust(LENGTH, "é")[:LENGTH])


@given(st.text(alphabet=string.ascii_letters, max_size=60))
def test_a_checksum_has_six_characters_of_base_62(body: str) -> None:
    assert len(checksum(body)) == 6
    assert set(checksum(body)) <= set(ALPHABET)


def test_the_checksum_of_a_value_never_changes_between_releases() -> None:
    assert checksum("mcp_" + "A" * 43) == "3xQzSL"


def test_a_digest_is_sha_256() -> None:
    assert digest("abc").startswith("ba7816bf")
