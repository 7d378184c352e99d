"""Tests of mcp_transport.admin.tasks: the list, a task, and the end of one or of many."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.models import Inbox, OperatorAction, Server, Task

LIST = "admin:mcp_transport_task_changelist"
CANCEL = "admin:mcp_tasks_cancel"


def begun(server: Server, **values: Any) -> Task:
    """A task."""
    now = timezone.now()
    fields: dict[str, Any] = {
        "owner": "user:1",
        "tool": "report",
        "arguments": '{"year": 2026}',
        "worker": "w",
        "lifetime_ms": 1000,
        "poll_interval_ms": 1000,
        "created_at": now,
        "updated_at": now,
        "expires_at": now + timedelta(days=1),
    }
    return Task.objects.create(server=server, **fields | values)


@pytest.fixture
def task(server: Server) -> Task:
    """A task that goes on."""
    return begun(server, progress=3, total=10, message="Reading")


@pytest.fixture
def ended(server: Server) -> Task:
    """One that has ended, with something in it."""
    return begun(
        server, tool="export", status="completed", result='{"content":[]}', ended_at=timezone.now()
    )


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_list_says_how_far_tasks_are(operator: Client, task: Task, ended: Task) -> None:
    page = text(operator.get(reverse(LIST)))
    assert "3 of 10" in page
    assert "Reading" in page
    assert str(ended) in page
    assert task.pk not in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, {"report", "export"}),
        ({"state": "open"}, {"report"}),
        ({"state": "completed"}, {"export"}),
        ({"tool": "export"}, {"export"}),
        ({"user": "nobody else"}, set()),
        ({"state": "strange"}, set()),
    ],
)
def test_the_list_can_be_narrowed(
    operator: Client, task: Task, ended: Task, query: dict[str, str], shown: set[str]
) -> None:
    answer = operator.get(reverse(LIST), query)
    assert {line.task.tool for line in answer.context["lines"]} == shown


def test_a_page_tells_what_is_known_and_not_what_came_of_it(
    operator: Client, task: Task, ended: Task
) -> None:
    page = text(operator.get(reverse("admin:mcp_task", args=[task.handle])))
    assert "year" in page
    assert "Cancel…" in page
    page = text(operator.get(reverse("admin:mcp_task", args=[ended.handle])))
    assert "14 bytes" in page
    assert "Cancel…" not in page
    assert ended.pk not in page
    now = operator.get(reverse("admin:mcp_task_live", args=[task.handle]))
    assert "3 of 10" in text(now)


def test_a_stock_address_leads_to_the_page(operator: Client, task: Task) -> None:
    stock = reverse("admin:mcp_transport_task_change", args=[task.handle])
    assert operator.get(stock).url == reverse("admin:mcp_task", args=[task.handle])  # type: ignore[attr-defined]


def test_tasks_are_cancelled_once_that_is_confirmed(
    operator: Client, task: Task, ended: Task
) -> None:
    chosen = {"task": [task.handle, ended.handle]}
    asked = text(operator.post(reverse(CANCEL), chosen))
    assert "Cancel 1 task?" in asked
    assert not Inbox.objects.exists()
    answer = operator.post(reverse(CANCEL), {**chosen, "confirmed": "1"})
    assert answer.status_code == 302
    left = Inbox.objects.get()
    assert (left.worker, left.kind, left.key) == ("w", "task_cancel", task.pk)
    action = OperatorAction.objects.get(action="cancel")
    assert (action.kind, action.object_id) == ("task", task.handle)


def test_there_is_no_such_task(operator: Client, task: Task) -> None:
    assert operator.get(reverse("admin:mcp_task", args=["x" * 8])).status_code == 404
    assert operator.get(reverse(CANCEL)).status_code == 404


def test_who_may_only_look_cancels_nothing(task: Task) -> None:
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_task"))
    client = Client()
    client.force_login(user)
    assert "Cancel those" not in text(client.get(reverse(LIST)))
    confirmed = {"task": task.handle, "confirmed": "1"}
    assert client.post(reverse(CANCEL), confirmed).status_code == 403
    assert not Inbox.objects.exists()
    assert OperatorAction.objects.get(action="cancel").outcome == "denied"
