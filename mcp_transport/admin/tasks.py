"""Tasks: calls that outlive their connection, how far they are, and the end of one or of many."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, re_path

from mcp_transport.admin import task_pages
from mcp_transport.admin.addresses import TASKS, task_page
from mcp_transport.admin.base import ReadOnlyAdmin
from mcp_transport.admin.pages import Context, render_fragment, render_page
from mcp_transport.admin.parts import Confirmation, Link
from mcp_transport.admin.policy import View
from mcp_transport.admin.reversing import reverse
from mcp_transport.models import Task
from mcp_transport.models.task import HANDLE_LENGTH, TaskQuerySet

FOLDER = "admin/mcp_transport/task"
AT_ONCE = 500


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """What runs, or ran, without its client."""

    def page_urls(self) -> list[URLPattern]:
        """See ModelAdmin.page_urls()."""
        handle = rf"(?P<handle>[\w-]{{{HANDLE_LENGTH}}})"
        views: dict[str, tuple[str, View]] = {
            "mcp_tasks_cancel": ("cancel/", self.cancel_view),
            "mcp_task": (f"{handle}/", self.task_view),
            "mcp_task_live": (f"{handle}/live/", self.live_view),
        }
        return [
            re_path(f"^{at}$", self.guarded(view), name=name) for name, (at, view) in views.items()
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the tasks that are asked for."""
        self.require_view(request)
        context = {**task_pages.task_list(request), "may_cancel": may_cancel(request)}
        return render_page(self, request, f"{FOLDER}/list.html", context, title="Tasks")

    def task_view(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Show one task."""
        self.require_view(request)
        task = found(handle)
        context = {
            "task": task,
            "may_cancel": task.status in Task.OPEN and may_cancel(request),
            "arguments": task_pages.arguments(task),
            "live_url": reverse("admin:mcp_task_live", args=[task.handle]),
            **_shown(request, task),
        }
        return render_page(
            self, request, f"{FOLDER}/task.html", context, title=str(task), crumbs=[_crumb()]
        )

    def live_view(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Show how far it is."""
        self.require_view(request)
        task = found(handle)
        return render_fragment(request, f"{FOLDER}/now.html", lambda: _shown(request, task))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Go to the page of a task, whose address holds less of its id."""
        self.require_view(request)
        return HttpResponseRedirect(task_page(found(object_id[:HANDLE_LENGTH])))

    def cancel_view(self, request: HttpRequest) -> HttpResponse:
        """Cancel tasks, by their handles, once that is confirmed."""
        said = request.POST if request.method == "POST" else request.GET
        handles = said.getlist("task")[:AT_ONCE]
        if not may_cancel(request):
            with self._denials(request, "cancel", ",".join(handles)):
                raise PermissionDenied
        tasks = _chosen(handles)
        if request.method == "POST" and "confirmed" in said:
            return self._cancel(request, tasks)
        return self._ask(request, tasks, handles)

    def _cancel(self, request: HttpRequest, tasks: TaskQuerySet) -> HttpResponse:
        with transaction.atomic():
            self.record_each(request, "cancel", [(task, {}) for task in tasks])
            count = tasks.cancel()
        messages.success(request, f"{_tasks(count)} will end in a moment.")
        return HttpResponseRedirect(reverse(TASKS))

    def _ask(self, request: HttpRequest, tasks: TaskQuerySet, handles: list[str]) -> HttpResponse:
        confirmation = Confirmation(
            question=f"Cancel {_tasks(tasks.count())}?",
            consequences=[
                "Their functions are stopped where they wait next; what they have done stays done.",
                "Clients see that they were cancelled; the calls are recorded.",
            ],
            button="Cancel them",
            cancel=Link("Let them run", reverse(TASKS)),
            fields=[*(("task", handle) for handle in handles), ("confirmed", "1")],
        )
        return render_page(
            self, request, "admin/mcp_transport/confirm.html", {"confirmation": confirmation},
            title="Cancel tasks", crumbs=[_crumb()],
        )  # fmt: skip


def may_cancel(request: HttpRequest) -> bool:
    """Whoever has Django's permission to change tasks may cancel them."""
    return bool(request.user.has_perm("mcp_transport.change_task"))


def found(handle: str) -> Task:
    """The task whose id begins so. Raises Http404."""
    rows: Any = Task.objects.select_related("server", "user")
    task: Task | None = rows.with_handle(handle) if handle else None
    if task is None:
        raise Http404("There is no such task.")
    return task


def _chosen(handles: list[str]) -> TaskQuerySet:
    if not handles:
        raise Http404("Choose tasks.")
    keys = [found(handle).pk for handle in handles]
    return Task.objects.open().filter(pk__in=keys)


def _shown(request: HttpRequest, task: Task) -> Context:
    return {"state": task_pages.state_of(task), "facts": task_pages.facts(request, task)}


def _crumb() -> Link:
    return Link("Tasks", reverse(TASKS))


def _tasks(count: int) -> str:
    return f"{count} task{'' if count == 1 else 's'}"
