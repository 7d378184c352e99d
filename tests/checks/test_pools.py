"""What is said of a pool of connections."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.checks import pools


def ids(monkeypatch: pytest.MonkeyPatch, **database: Any) -> list[str | None]:
    database = {"ENGINE": "django.db.backends.postgresql", **database}
    monkeypatch.setattr("django.conf.settings.DATABASES", {"default": database})
    return [message.id for message in pools.check_pools()]


@pytest.mark.parametrize(
    ("options", "warns"),
    [
        ({}, False),
        ({"pool": False}, False),
        ({"pool": True}, False),
        ({"pool": {"timeout": 3}}, False),
        ({"pool": {"min_size": 1, "max_size": 3}}, False),
        ({"pool": {"min_size": 2}}, True),
        ({"pool": {"min_size": 1, "max_size": 2}}, True),
    ],
)
def test_a_pool_that_one_function_empties_is_pointed_out(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], warns: bool
) -> None:
    assert ids(monkeypatch, OPTIONS=options) == ["mcp.W023"] * warns


@pytest.mark.parametrize("age", [None, 60])
def test_a_pool_beside_connections_that_are_kept_is_an_error(
    monkeypatch: pytest.MonkeyPatch, age: int | None
) -> None:
    assert ids(monkeypatch, CONN_MAX_AGE=age, OPTIONS={"pool": True}) == ["mcp.E015"]
    assert ids(monkeypatch, CONN_MAX_AGE=age) == []


def test_a_pool_without_its_package_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "find_spec", lambda _name: None)
    assert ids(monkeypatch, OPTIONS={"pool": True}) == ["mcp.E015"]
