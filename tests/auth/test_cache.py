"""Tests of mcp_transport.auth.cache."""

from __future__ import annotations

import pytest

from mcp_transport.auth.cache import PrincipalCache
from mcp_transport.auth.principal import ANONYMOUS


class Clock:
    """A clock that stands still."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


def test_a_principal_is_kept_until_its_hour(clock: Clock) -> None:
    cache = PrincipalCache(clock=clock)
    cache.put(b"a", ANONYMOUS, until=101.0)
    assert cache.get(b"a") is ANONYMOUS
    clock.now = 101.0
    assert cache.get(b"a") is None


def test_a_full_cache_first_drops_what_is_stale(clock: Clock) -> None:
    cache = PrincipalCache(limit=2, clock=clock)
    cache.put(b"stale", ANONYMOUS, until=99.0)
    cache.put(b"fresh", ANONYMOUS, until=200.0)
    cache.put(b"new", ANONYMOUS, until=200.0)
    assert cache.get(b"fresh") and cache.get(b"new")


def test_a_cache_full_of_fresh_principals_begins_anew(clock: Clock) -> None:
    cache = PrincipalCache(limit=2, clock=clock)
    for key in (b"a", b"b", b"c"):
        cache.put(key, ANONYMOUS, until=200.0)
    assert len(cache) == 1
    assert cache.get(b"c")


def test_a_known_key_is_renewed_without_making_room(clock: Clock) -> None:
    cache = PrincipalCache(limit=2, clock=clock)
    for key in (b"a", b"b", b"b"):
        cache.put(key, ANONYMOUS, until=200.0)
    assert len(cache) == 2
