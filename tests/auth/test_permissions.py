"""Tests of mcp_transport.auth.permissions."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from mcp_transport.auth.errors import (
    AuthenticationError,
    CredentialsRequired,
    InsufficientScope,
    InvalidToken,
    NotPermitted,
)
from mcp_transport.auth.permissions import challenge, may_use_server
from mcp_transport.auth.principal import ANONYMOUS, OPERATOR, Principal
from mcp_transport.models import Server

CLERK = Principal(key="user:1", user=User(pk=1), permissions=frozenset({"shop.use"}))
GUEST = Principal(key="user:2", user=User(pk=2))
ELSEWHERE = Principal(key="user:1/token:3", user=User(pk=1), server_ids=frozenset({99}))

WITHOUT_SCOPE = Principal(key="user:1/oauth:1", user=User(pk=1), scopes=frozenset())


def a_server(access: str) -> Server:
    """An unsaved server."""
    return Server(pk=1, slug="shop", access=access, permission="shop.use")


@pytest.mark.parametrize(
    ("access", "principal"),
    [
        ("public", ANONYMOUS),
        ("public", GUEST),
        ("token", GUEST),
        ("permission", CLERK),
        ("permission", OPERATOR),
    ],
)
def test_a_server_is_open_to_whom_its_access_names(access: str, principal: Principal) -> None:
    may_use_server(principal, a_server(access))


@pytest.mark.parametrize(
    ("access", "principal", "refusal"),
    [
        ("token", ANONYMOUS, CredentialsRequired),
        ("permission", ANONYMOUS, CredentialsRequired),
        ("permission", GUEST, NotPermitted),
        ("public", WITHOUT_SCOPE, InsufficientScope),
        ("token", WITHOUT_SCOPE, InsufficientScope),
        ("public", ELSEWHERE, InvalidToken),
        ("token", ELSEWHERE, InvalidToken),
    ],
)
def test_a_server_is_closed_to_everybody_else(
    access: str, principal: Principal, refusal: type[AuthenticationError]
) -> None:
    with pytest.raises(refusal) as caught:
        may_use_server(principal, a_server(access))
    assert caught.value.status == refusal.http_status
    assert "'shop'" in caught.value.message


def test_a_challenge_without_credentials_blames_nothing() -> None:
    assert challenge("https://a.example/mcp/shop") == 'Bearer realm="https://a.example/mcp/shop"'


def test_a_challenge_says_what_is_wrong_and_what_would_do() -> None:
    header = challenge("https://a.example/mcp/shop", "insufficient_scope", "tools prompts")
    assert header.endswith(', error="insufficient_scope", scope="tools prompts"')


def test_a_challenge_cannot_be_ended_early() -> None:
    header = challenge('https://a.example/"\r\nSet-Cookie: a=b\\')
    assert header == 'Bearer realm="https://a.example/\\"Set-Cookie: a=b\\\\"'
