"""Tests of mcp_transport.admin.trying.run: what a run's page knows is read from the log."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mcp_transport.admin.trying import asking
from mcp_transport.admin.trying.caller import again
from mcp_transport.admin.trying.run import Run, find_run, running
from mcp_transport.models import Call, Server, Session, Token
from mcp_transport.worker.loop import perform
from tests.admin.trying.conftest import LIMIT, Begin, hear, is_question

pytestmark = pytest.mark.django_db(transaction=True)


def look(stream_id: str, user: User, replies: dict[str, str] | None = None) -> Run:
    """The run as its page would show it now."""
    found = find_run(stream_id, user, replies or {})
    assert found is not None
    return found


def respond(run: Run, user: User, question: str, answer: dict[str, Any]) -> None:
    """Answer a question of a run."""
    session = run.stream.session
    principal = again(user, session.owner)
    perform(
        lambda process: asking.respond(process, run.slug, principal, session.pk, question, answer),
        within=LIMIT,
    )


def test_a_quick_answer_is_in_the_log_too(begin: Begin, root: User) -> None:
    stream = begin(root, "add", a=1, b=2)
    hear(stream)
    run = look(stream, root)
    assert run.state == ("ok", "succeeded")
    assert run.result is not None
    assert run.result["structuredContent"] == {"result": 3}
    assert (run.kind, run.entry, run.arguments) == ("tool", "add", {"a": 1, "b": 2})


def test_it_is_recorded_like_a_clients_call(begin: Begin, root: User) -> None:
    hear(begin(root, "add", a=1, b=2))
    call = Call.objects.get()
    assert (call.transport, call.username, call.outcome) == ("admin", "root", "ok")
    assert call.principal == f"user:{root.pk}/admin"
    assert call.client.startswith("Django admin")


def test_what_is_reported_is_kept_in_order(begin: Begin, root: User) -> None:
    stream = begin(root, "count", steps=2, total=2)
    hear(stream)
    run = look(stream, root)
    assert [said.text for said in run.said] == ["step 1", "step 2"]
    assert run.progress is not None
    assert (run.progress["progress"], run.progress["total"]) == (2, 2)


def test_a_question_waits_and_is_answered(begin: Begin, root: User) -> None:
    stream = begin(root, "greet")
    hear(stream, is_question)
    run = look(stream, root)
    assert run.state == ("info", "asks you")
    (question,) = run.open_questions
    respond(run, root, question.id, {"result": {"action": "accept", "content": {"name": "Ada"}}})
    hear(stream)
    over = look(stream, root, {question.id: "accept"})
    assert over.state == ("ok", "succeeded")
    assert [asked.reply for asked in over.asked] == ["accept"]


def test_a_run_is_cancelled(begin: Begin, root: User) -> None:
    stream = begin(root, "greet")
    hear(stream, is_question)
    run = look(stream, root)
    session = run.stream.session
    principal = again(root, session.owner)
    perform(
        lambda process: asking.cancel(process, run.slug, principal, session.pk, run.request_id),
        within=LIMIT,
    )
    hear(stream)
    assert look(stream, root).state == ("off", "cancelled")


@pytest.mark.parametrize(
    ("tool", "state"), [("fails", "tool error"), ("no_such_tool", "protocol error")]
)
def test_an_error_of_the_tool_is_none_of_the_protocol(
    begin: Begin, root: User, tool: str, state: str
) -> None:
    stream = begin(root, tool)
    hear(stream)
    assert look(stream, root).state == ("failed", state)


def test_whoever_may_not_call_it_may_not_try_it(begin: Begin) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    stream = begin(clerk, "staff_only")
    hear(stream)
    run = look(stream, clerk)
    assert run.error is not None
    assert "There is no tool" in run.error["message"]


def test_a_token_only_narrows(begin: Begin, root: User) -> None:
    token, _value = Token.objects.issue(owner=root, name="CI", scopes=["tool:add"])
    allowed, refused = begin(root, "add", token, a=1, b=1), begin(root, "count", token)
    hear(allowed)
    hear(refused)
    assert look(allowed, root).state == ("ok", "succeeded")
    error = look(refused, root).error
    assert error is not None
    assert "does not cover" in error["message"]


def test_a_server_that_refuses_the_user_refuses_the_try(
    begin: Begin, root: User, good: Server
) -> None:
    other = Server.objects.create(slug="other")
    token, _value = Token.objects.issue(owner=root, name="CI", servers=[other])
    with pytest.raises(asking.NotStarted, match="not issued for the server"):
        begin(root, "add", token, a=1, b=1)


def test_runs_share_a_session_that_no_client_finds(begin: Begin, root: User) -> None:
    for _try in range(2):
        hear(begin(root, "add", a=1, b=2))
    session = Session.objects.get()
    assert (session.transport, session.user) == ("admin", root)
    assert session.owner == f"user:{root.pk}/admin"


def test_a_run_goes_on_in_a_new_session_when_the_old_one_has_ended(
    begin: Begin, root: User
) -> None:
    hear(begin(root, "add", a=1, b=2))
    Session.objects.update(last_seen_at="2020-01-01T00:00:00Z")
    perform(_forget_sessions, within=LIMIT)
    stream = begin(root, "add", a=1, b=2)
    hear(stream)
    assert look(stream, root).state == ("ok", "succeeded")
    assert Session.objects.open().count() == 1


async def _forget_sessions(process: Any) -> None:
    process.engine.services.sessions.forget_all()


def test_a_run_is_found_by_its_owner_alone(begin: Begin, root: User) -> None:
    other = User.objects.create_superuser("other")
    stream = begin(root, "greet")
    assert find_run(stream, other, {}) is None
    assert find_run("no-such-stream", root, {}) is None
    assert (running(root), running(other)) == (1, 0)


def test_a_run_is_read_in_two_queries(begin: Begin, root: User) -> None:
    stream = begin(root, "count", steps=20)
    hear(stream)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        run = look(stream, root)
        assert len(run.said) == 20
        assert run.slug == "good"
    assert len(queries) == 2


def test_secrets_are_kept_nowhere(begin: Begin, root: User) -> None:
    stream = begin(root, "repeat", text="x", password="hunter2")
    hear(stream)
    assert look(stream, root).arguments == {"text": "x", "password": "[redacted]"}
