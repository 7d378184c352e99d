"""Tests of mcp_transport.oauth.values."""

from __future__ import annotations

from mcp_transport.models.token_value import is_well_formed as is_an_issued_token
from mcp_transport.oauth.values import (
    ACCESS,
    CODE,
    REFRESH,
    family_digest,
    family_of,
    is_well_formed,
    new_access_token,
    new_code,
    new_refresh_token,
)


def test_each_secret_is_of_one_kind() -> None:
    made = {CODE: new_code(), ACCESS: new_access_token(), REFRESH: new_refresh_token()}
    for prefix, value in made.items():
        assert [kind for kind in made if is_well_formed(value, kind)] == [prefix]
        assert not is_an_issued_token(value)
        assert not is_well_formed(value[:-1] + ("a" if value[-1] != "a" else "b"), prefix)


def test_refresh_tokens_know_their_family() -> None:
    first, other = new_refresh_token(), new_refresh_token()
    second = new_refresh_token(first)
    assert family_of(first) == family_of(second) != family_of(other)
    assert family_digest(first) == family_digest(second)
    assert first != second
    assert family_of("mcpr_no") == ""
