"""Sessions: who is there, what happened, and the end of one, of many, or of all of a user."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, re_path

from mcp_transport.admin import session_list, timeline
from mcp_transport.admin.addresses import SESSIONS, server_page, session_page
from mcp_transport.admin.base import ReadOnlyAdmin
from mcp_transport.admin.figures import absolute
from mcp_transport.admin.pages import Context, render_fragment, render_page
from mcp_transport.admin.parts import Confirmation, Empty, Link, Tab, Tabs
from mcp_transport.admin.policy import View
from mcp_transport.admin.reversing import reverse
from mcp_transport.models import Session
from mcp_transport.models.session import BY_AN_OPERATOR, HANDLE_LENGTH, SessionQuerySet

FOLDER = "admin/mcp_transport/session"


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Who is, or was, in conversation with which server."""

    def page_urls(self) -> list[URLPattern]:
        """See ModelAdmin.page_urls()."""
        handle = rf"(?P<handle>[\w-]{{{HANDLE_LENGTH}}})"
        views: dict[str, tuple[str, View]] = {
            "mcp_sessions_without": ("without/", self.without_view),
            "mcp_sessions_close": ("close/", self.close_view),
            "mcp_session": (f"{handle}/", self.session_view),
            "mcp_session_live": (f"{handle}/live/", self.live_view),
        }
        return [
            re_path(f"^{at}$", self.guarded(view), name=name) for name, (at, view) in views.items()
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the sessions that are asked for."""
        self.require_view(request)
        context = {
            **session_list.session_list(request),
            "tabs": _tabs("sessions"),
            "may_close": may_close(request),
        }
        return render_page(self, request, f"{FOLDER}/list.html", context, title="Sessions")

    def without_view(self, request: HttpRequest) -> HttpResponse:
        """Show what clients called that have no sessions."""
        self.require_view(request)
        context = {**session_list.without_session(request), "tabs": _tabs("without")}
        return render_page(
            self, request, f"{FOLDER}/without.html", context, title="Without a session",
            crumbs=[_crumb()],
        )  # fmt: skip

    def session_view(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Show who a session is, and what happened in it."""
        self.require_view(request)
        session = found(handle)
        context = {
            "session": session,
            "state": session_list.state_of(session),
            "facts": _facts(request, session),
            "kinds": _kinds(request),
            "may_close": session.closed_at is None and may_close(request),
            "live_url": _live_url(request, session),
            "live_version": timeline.version(session),
            **_happened(request, session),
        }
        return render_page(
            self, request, f"{FOLDER}/session.html", context, title=str(session), crumbs=[_crumb()]
        )

    def live_view(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Show the timeline."""
        self.require_view(request)
        session = found(handle)
        return render_fragment(
            request,
            f"{FOLDER}/timeline.html",
            lambda: _happened(request, session),
            version=timeline.version(session),
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Go to the page of a session, whose address holds less of its id."""
        self.require_view(request)
        return HttpResponseRedirect(session_page(found(object_id)))

    def close_view(self, request: HttpRequest) -> HttpResponse:
        """Close sessions, by their handles or all of a user, once that is confirmed."""
        said = request.POST if request.method == "POST" else request.GET
        handles, user = said.getlist("session"), said.get("user", "")
        if not may_close(request):
            with self._denials(request, "close", ",".join(handles) or user):
                raise PermissionDenied
        sessions = _chosen(handles, user)
        if request.method == "POST" and "confirmed" in said:
            return self._close(request, sessions)
        return self._ask(request, sessions, handles, user)

    def _close(self, request: HttpRequest, sessions: SessionQuerySet) -> HttpResponse:
        with transaction.atomic():
            self.record_each(request, "close", [(session, {}) for session in sessions])
            count = sessions.close(BY_AN_OPERATOR)
        messages.success(request, f"{_sessions(count)} closed; their clients have to begin anew.")
        return HttpResponseRedirect(reverse(SESSIONS))

    def _ask(
        self, request: HttpRequest, sessions: SessionQuerySet, handles: list[str], user: str
    ) -> HttpResponse:
        whose = f" of {user}" if user and not handles else ""
        number, count = session_list.running(sessions), sessions.count()
        requests = f"{number} running request{'' if number == 1 else 's'}"
        confirmation = Confirmation(
            question=f"Close {_sessions(count)}{whose}?",
            consequences=[
                f"{requests} end with them, and are recorded.",
                "Clients are told that there is no such session; most begin a new one.",
            ],
            button="Close",
            cancel=Link("Leave them open", reverse(SESSIONS)),
            fields=[
                *(("session", handle) for handle in handles),
                ("user", user),
                ("confirmed", "1"),
            ],
        )
        return render_page(
            self, request, "admin/mcp_transport/confirm.html", {"confirmation": confirmation},
            title="Close sessions", crumbs=[_crumb()],
        )  # fmt: skip


def may_close(request: HttpRequest) -> bool:
    """Whoever has Django's permission to change sessions may close them."""
    return bool(request.user.has_perm("mcp_transport.change_session"))


def found(handle: str) -> Session:
    """The session whose id begins so. Raises Http404."""
    rows: Any = timeline.marked(Session.objects.select_related("server", "user", "token"))
    session: Session | None = rows.with_handle(handle) if handle else None
    if session is None:
        raise Http404("There is no such session.")
    return session


def _chosen(handles: list[str], user: str) -> SessionQuerySet:
    if handles:
        keys = [found(handle).pk for handle in handles[:500]]
        return Session.objects.open().filter(pk__in=keys)
    if not user:
        raise Http404("Choose sessions, or a user.")
    return session_list.open_of(user)


def _happened(request: HttpRequest, session: Session) -> Context:
    shown = timeline.timeline(session, request.GET)
    is_first = "before" not in request.GET
    return {
        "timeline": shown,
        "is_over": session.closed_at is not None,
        "nothing": Empty(
            title="Connected, nothing asked yet" if is_first else "Nothing older",
            text="What is asked, answered and sent appears here.",
        ),
    }


def _facts(request: HttpRequest, session: Session) -> list[tuple[str, Any]]:
    seen = session.closed_at or session.last_seen_at
    return [
        ("Who", session_list.who(session)),
        ("Server", Link(str(session.server), server_page(request, session.server_id))),
        ("Client", f"{session.client_name} {session.client_version}".strip() or "unnamed"),
        ("Revision", session.revision),
        ("Transport", session.transport or "unknown"),
        ("Begun", absolute(session.created_at)),
        ("Ended" if session.closed_at else "Last seen", absolute(seen)),
        ("Subscribed to", ", ".join(session.subscriptions) or "nothing"),
        ("Log level", session.log_level or "none"),
    ]


def _kinds(request: HttpRequest) -> Tabs:
    current = request.GET.get("kind", "")
    tabs = [
        Tab(text=text, href=f"?kind={kind}", is_current=kind == current)
        for kind, text in timeline.KINDS
    ]
    return Tabs(label="What is shown", tabs=tabs, is_switch=True)


def _live_url(request: HttpRequest, session: Session) -> str:
    url = reverse("admin:mcp_session_live", args=[session.handle])
    return f"{url}?{request.GET.urlencode()}" if request.GET else url


def _tabs(current: str) -> Tabs:
    names = (
        ("sessions", "Sessions", SESSIONS),
        ("without", "Without a session", "admin:mcp_sessions_without"),
    )
    tabs = [
        Tab(text=text, href=reverse(at), is_current=name == current) for name, text, at in names
    ]
    return Tabs(label="Conversations", tabs=tabs)


def _crumb() -> Link:
    return Link("Sessions", reverse(SESSIONS))


def _sessions(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'}"
