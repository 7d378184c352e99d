"""What is on the pages of tasks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest

from mcp_transport.admin.addresses import server_page, task_page
from mcp_transport.admin.base import USERNAME
from mcp_transport.admin.figures import absolute
from mcp_transport.admin.filter_form import FilterForm
from mcp_transport.admin.json_tree import JsonTree
from mcp_transport.admin.keyset import keyset_page
from mcp_transport.admin.parts import Empty, Link, Moment, Pager, Status
from mcp_transport.models import Server, Task

Context = dict[str, Any]
GLYPHS = {
    Task.Status.WORKING: "info",
    Task.Status.INPUT_REQUIRED: "warn",
    Task.Status.COMPLETED: "ok",
    Task.Status.FAILED: "failed",
    Task.Status.CANCELLED: "off",
}


class TaskForm(FilterForm):
    """What tasks are chosen by."""

    state = forms.ChoiceField(
        required=False, choices=[("", "any"), ("open", "running"), *Task.Status.choices]
    )
    server = forms.ModelChoiceField(
        Server.objects.all(), required=False, empty_label="all", to_field_name="slug"
    )
    user = forms.CharField(required=False, max_length=200)
    tool = forms.CharField(required=False, max_length=200)

    def chosen(self) -> QuerySet[Task]:
        """Return the tasks that fit; none while the form has errors."""
        if not self.is_valid():
            return Task.objects.none()
        said = self.cleaned_data
        rows: QuerySet[Task] = Task.objects.all()
        if said["state"]:
            chosen = Task.OPEN if said["state"] == "open" else [said["state"]]
            rows = rows.filter(status__in=chosen)
        columns = (("server", "server"), ("user", f"user__{USERNAME}"), ("tool", "tool"))
        for name, column in columns:
            if said[name]:
                rows = rows.filter(**{column: said[name]})
        return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One task of the list."""

    task: Task
    href: str
    state: Status
    who: str
    far: str
    since: Moment


def task_list(request: HttpRequest) -> Context:
    """The tasks that the query string asks for."""
    form = TaskForm(request.GET)
    rows = form.chosen().select_related("server", "user").defer("result", "error", "questions")
    page = keyset_page(rows, request.GET, order=("-created_at", "-id"))
    return {
        "form": form,
        "lines": [_line(task) for task in page.rows],
        "pager": Pager(newer=page.newer, older=page.older),
        "empty": Empty(
            title="No task fits" if form.is_set else "No task yet",
            text="A call becomes one where its tool has task=, and its client knows tasks.",
        ),
        "has_open": any(task.status in Task.OPEN for task in page.rows),
    }


def _line(task: Task) -> Line:
    return Line(
        task=task,
        href=task_page(task),
        state=state_of(task),
        who=who(task),
        far=how_far(task),
        since=Moment(task.created_at),
    )


def state_of(task: Task) -> Status:
    """How a task is."""
    status = Task.Status(task.status)
    return Status(GLYPHS[status], str(status.label))


def who(task: Task) -> str:
    """Whose task it is."""
    return task.user.get_username() if task.user else "nobody"


def how_far(task: Task) -> str:
    """How far the work is, as its tool has said."""
    if task.progress is None:
        return ""
    done = f"{task.progress:g}"
    return f"{done} of {task.total:g}" if task.total is not None else done


def facts(request: HttpRequest, task: Task) -> list[tuple[str, Any]]:
    """What is known of a task; what came of it is its client's."""
    told: list[tuple[str, Any]] = [
        ("Who", who(task)),
        ("Server", Link(str(task.server), server_page(request, task.server_id))),
        ("Tool", task.tool),
        ("Run by", task.worker),
        ("Progress", how_far(task) or "nothing said"),
        ("Says", task.message or "nothing"),
        ("Begun", absolute(task.created_at)),
        ("Ended" if task.ended_at else "Last change", absolute(task.ended_at or task.updated_at)),
        ("Kept until", absolute(task.expires_at)),
    ]
    if task.result:
        told.append(("Result", f"{len(task.result.encode())} bytes, for its client"))
    return told


def arguments(task: Task) -> JsonTree | None:
    """What the tool was called with, as far as that is kept."""
    if not task.arguments:
        return None
    return JsonTree(label="Arguments", value=json.loads(task.arguments))
