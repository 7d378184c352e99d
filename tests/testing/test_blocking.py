"""Tests of mcp_transport.testing.blocking."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User

from mcp_transport import ToolError
from mcp_transport.models import Call
from mcp_transport.protocol.subscriptions import Change
from mcp_transport.testing import BlockingClient, Refusal
from tests.testing.conftest import EVERY_REVISION


@EVERY_REVISION
def test_a_tool_is_called_without_a_loop(mcp_sync: BlockingClient, mcp_revision: str) -> None:
    assert mcp_sync.call("repeat", text="hello").text == "hello"
    assert mcp_sync.revision == mcp_revision


def test_the_orm_is_at_hand_between_calls(mcp_sync: BlockingClient) -> None:
    mcp_sync.call("add", a=1, b=2)
    assert Call.objects.get().entry == "add"


def test_a_failure_is_raised_or_looked_at(mcp_sync: BlockingClient) -> None:
    with pytest.raises(ToolError, match="empty"):
        mcp_sync.call("fails")
    assert mcp_sync.try_call("fails", {}).is_error


def test_everything_else_that_a_client_can(mcp_sync: BlockingClient) -> None:
    assert mcp_sync.read("note://plain").text == "plain"
    assert mcp_sync.prompt("plan", season="may").text == "Plan a trip in may, north."
    assert mcp_sync.complete("plan", "season", "su") == ["summer"]
    assert "repeat" in mcp_sync.tools()
    assert "note://plain" in mcp_sync.resources()
    assert "note://item/{number}" in mcp_sync.templates()
    assert "plan" in mcp_sync.prompts()


@pytest.mark.parametrize("mcp_revision", ["2025-11-25", "2026-07-28"])
def test_questions_are_answered(mcp_sync: BlockingClient) -> None:
    mcp_sync.answer(elicitation={"name": "Ada"})
    assert mcp_sync.call("greet_in_thread").text == "Hello, Ada!"
    assert len(mcp_sync.asked) == 1


def test_changes_are_heard_of(mcp_sync: BlockingClient) -> None:
    with mcp_sync.listen("tools") as changes:
        assert changes.is_quiet
        mcp_sync.call("announce", kind="tools")
        assert changes.next() == Change("tools")


def test_permissions_hold_from_the_next_call(mcp_sync: BlockingClient) -> None:
    ada = User.objects.create(username="ada")
    client = mcp_sync.as_user(ada)
    with pytest.raises(Refusal):
        client.call("staff_only")
    ada.user_permissions.add(Permission.objects.get(codename="view_user"))
    client.call("staff_only")
