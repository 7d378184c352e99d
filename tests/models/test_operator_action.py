"""Tests of mcp_transport.models.operator_action."""

from __future__ import annotations

from mcp_transport.models import OperatorAction


def test_an_action_is_shown_by_who_did_what_to_what() -> None:
    action = OperatorAction(username="ada", action="close", kind="session", object_name="x 1a2b")
    assert str(action) == "ada close session x 1a2b"
    assert str(OperatorAction(username="ada", action="export")) == "ada export"


def test_what_was_changed_is_read_from_its_text() -> None:
    assert OperatorAction(changes='{"title":["a","b"]}').difference == {"title": ["a", "b"]}
    assert OperatorAction().difference == {}


def test_nobody_can_be_given_a_permission_to_change_one() -> None:
    assert OperatorAction._meta.default_permissions == ("view",)
