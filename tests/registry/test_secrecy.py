"""Tests of mcp_transport.registry.secrecy."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.registry.secrecy import Secrecy, secret_properties
from tests.registry.secret_arguments import NAMES, Account


@pytest.mark.parametrize(
    "name", ["password", "PASSWORD", "db_password", "accessToken", "API-Key", "apiKey"]
)
def test_a_name_that_ends_with_a_given_one_is_secret(name: str) -> None:
    assert Secrecy(NAMES, {}).covers(name)


@pytest.mark.parametrize("name", ["", "max_tokens", "password_hint", "key"])
def test_any_other_name_is_not(name: str) -> None:
    assert not Secrecy(NAMES, {}).covers(name)


def test_a_name_that_the_schema_marks_is_secret_however_it_is_written() -> None:
    secrecy = Secrecy((), {"properties": {"door_code": {"writeOnly": True}}})
    assert secrecy.covers("doorCode")
    assert not secrecy.covers("front_door_code")


def test_properties_a_schema_marks_are_found_wherever_they_are() -> None:
    schema = Account.model_json_schema()
    assert set(secret_properties(schema)) == {"pin", "recovery", "backup", "by_device"}


def test_a_reference_into_itself_comes_to_an_end() -> None:
    schema: dict[str, Any] = {
        "properties": {"code": {"$ref": "#/$defs/self"}},
        "$defs": {"self": {"$ref": "#/$defs/self"}},
    }
    assert not list(secret_properties(schema))
