"""Tests of mcp_transport.auth.errors."""

from __future__ import annotations

from mcp_transport.auth.errors import AuthenticationUnavailable, InsufficientScope, InvalidToken


def test_a_refusal_carries_its_status_and_the_standards_word() -> None:
    refusal = InvalidToken("No.")
    assert (refusal.status, refusal.error, refusal.needs) == (401, "invalid_token", ())
    assert refusal.as_error() == {"code": 401, "message": "No."}


def test_a_narrow_credential_is_told_which_scope_would_do() -> None:
    refusal = InsufficientScope("No.", needs=(("tool:x", "tools"),))
    assert (refusal.status, refusal.error) == (403, "insufficient_scope")
    assert refusal.needs == (("tool:x", "tools"),)


def test_when_nothing_can_be_checked_the_client_is_told_to_come_back() -> None:
    refusal = AuthenticationUnavailable()
    assert (refusal.status, refusal.headers) == (503, {"Retry-After": "1"})
