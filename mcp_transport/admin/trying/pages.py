"""The pages: the form of an entry, the run of it, and the parts of that which are live."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.module_loading import import_string

from mcp_transport.admin.base import RecordedAdmin
from mcp_transport.admin.forms.form import Problem
from mcp_transport.admin.json_tree import JsonTree
from mcp_transport.admin.pages import render_fragment, render_page
from mcp_transport.admin.parts import Copyable, Link, Status
from mcp_transport.admin.reversing import reverse
from mcp_transport.admin.trying import asking
from mcp_transport.admin.trying.caller import again, caller, tokens_for
from mcp_transport.admin.trying.exchange import as_curl, exchange
from mcp_transport.admin.trying.filling import Filling
from mcp_transport.admin.trying.outcome import blocks, download, raw
from mcp_transport.admin.trying.questions import ACCEPT, CANCEL, DECLINE, Card, card
from mcp_transport.admin.trying.run import MAX_RUNNING, Run, find_run, running
from mcp_transport.admin.trying.target import Target, find_target
from mcp_transport.digits import read_key
from mcp_transport.models import Call, Token

PERMISSION = "mcp_transport.try_tool"
FOLDER = "admin/mcp_transport/trying"
REPLIES = "mcp_transport.replies"  # in the reader's session: which questions they answered, and how
MAX_REPLIES = 50
PARTS = {"progress": f"{FOLDER}/progress.html", "questions": f"{FOLDER}/questions.html"}
BUSY = f"{MAX_RUNNING} runs of yours are going on; cancel one, or wait for it."
SLOW = "The worker process did not begin in time; try again."
CONFIRM_ID = "confirm"

Context = dict[str, Any]


class TryPages(RecordedAdmin):
    """What the admin of servers has for trying what they offer."""

    def page_urls(self) -> list[URLPattern]:
        """See ModelAdmin.page_urls()."""
        return [
            *super().page_urls(),
            path("<int:pk>/try/", self.guarded(self.try_view), name="mcp_transport_try"),
            path("runs/<str:run>/", self.guarded(self.run_view), name="mcp_transport_run"),
            path(
                "runs/<str:run>/live/<slug:part>/",
                self.guarded(self.run_part),
                name="mcp_transport_run_live",
            ),
            path(
                "runs/<str:run>/content/<int:index>/",
                self.guarded(self.run_content),
                name="mcp_transport_run_content",
            ),
        ]

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form of an entry, or take it and start a run."""
        self._admit(request, str(pk))
        token = _token(request)
        target = _target(request, pk, token)
        filling = Filling(target.schema, is_secret=target.is_secret)
        if request.method == "POST":
            filling.take(request)
            started = self._sent(request, target, filling, token)
            if started is not None:
                return started
        elif "call" in request.GET:
            _recall(request, target, filling)
        return self._page(request, target, filling, token)

    def run_view(self, request: HttpRequest, run: str) -> HttpResponse:
        """Show a run; take the answer to a question, or a cancellation."""
        self._admit(request, run)
        found = _run(request, run)
        cards = [card(asked) for asked in found.asked]
        if request.method == "POST":
            done = _act(request, found, cards)
            if done is not None:
                return done
        return self._run_page(request, found, cards)

    def run_part(self, request: HttpRequest, run: str, part: str) -> HttpResponse:
        """Show one live part of a run."""
        self._admit(request, run)
        if part not in PARTS:
            raise Http404(f"A run has no part {part!r}.")
        found = _run(request, run)
        cards = [card(asked) for asked in found.asked]
        context = {"run": found, "cards": cards, **_shown(found)}
        version = _version(found, part)
        return render_fragment(request, PARTS[part], lambda: context, version=version)

    def run_content(self, request: HttpRequest, run: str, index: int) -> HttpResponse:
        """Give a piece of a result away, to be kept and never to be shown."""
        self._admit(request, run)
        found = _run(request, run)
        content = download(found.result or {}, index)
        if content is None:
            raise Http404("There are no bytes.")
        return HttpResponse(
            content[0],
            # Whatever the tool calls it: a browser keeps it, and shows nothing of it.
            content_type="application/octet-stream",
            headers={
                "Content-Disposition": f'attachment; filename="content-{index}"',
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "private, no-store",
            },
        )

    def _admit(self, request: HttpRequest, name: str) -> None:
        with self._denials(request, "try", name):
            if not request.user.has_perm(PERMISSION):
                raise PermissionDenied

    def _sent(
        self, request: HttpRequest, target: Target, filling: Filling, token: Token | None
    ) -> HttpResponse | None:
        """Where a run that was started is shown; None when the form has to be shown again."""
        action = request.POST.get("do", "call")
        if filling.change(action):
            return None
        value = filling.read(is_judged=action != "anyway")
        typed = request.POST.get("confirm", "").strip()
        if target.is_confirmed and typed != target.name:
            text = f"Type {target.name} to confirm: {target.effect_in_words.lower()}"
            filling.others.append(Problem(id=CONFIRM_ID, label="Confirmation", text=text))
        blocking = filling.problems and not (action == "anyway" and filling.is_sendable)
        if blocking:
            return None
        return _start(request, target, filling, token, value)

    def _page(
        self, request: HttpRequest, target: Target, filling: Filling, token: Token | None
    ) -> HttpResponse:
        context = _form_context(request, target, filling, token)
        return render_page(
            self,
            request,
            f"{FOLDER}/try.html",
            context,
            title=f"Try {target.title}",
            crumbs=self._crumbs(target.record.id, str(target.record.title or target.slug)),
        )

    def _run_page(self, request: HttpRequest, run: Run, cards: list[Card]) -> HttpResponse:
        context: Context = {"run": run, "cards": cards, **_shown(run), "exchange": exchange(run)}
        context["live"] = {
            part: reverse("admin:mcp_transport_run_live", args=[run.id, part]) for part in PARTS
        }
        context["versions"] = {part: _version(run, part) for part in PARTS}
        context |= self._again(request, run)
        server = run.stream.session.server
        return render_page(
            self,
            request,
            f"{FOLDER}/run.html",
            context,
            title=f"{_verb(run)} {run.entry}",
            crumbs=self._crumbs(server.pk, str(server)),
        )

    def _again(self, request: HttpRequest, run: Run) -> Context:
        """The form with the arguments of a run, to change them and try once more."""
        server_id = run.stream.session.server_id
        target = find_target(server_id, run.kind, run.entry, caller(request.user, None))
        if target is None:
            return {"target": None}
        filling = Filling(target.schema, is_secret=target.is_secret)
        filling.start(run.arguments or {})
        return {
            **_form_context(request, target, filling, None),
            "curl": Copyable(value=as_curl(request, run, target), label="As curl", block=True),
        }

    def _crumbs(self, key: int, name: str) -> list[Link]:
        servers = reverse("admin:mcp_transport_server_changelist")
        server = reverse("admin:mcp_server", args=[key])
        return [Link("Servers", servers), Link(name, server)]


def _token(request: HttpRequest) -> Token | None:
    """The token to which the reader narrows their rights. Raises Http404."""
    wanted = request.POST.get("token") or request.GET.get("token") or ""
    if not wanted:
        return None
    for token in tokens_for(request.user):
        if str(token.pk) == wanted:
            return token
    raise Http404("There is no such token.")


def _target(request: HttpRequest, pk: int, token: Token | None) -> Target:
    kind, name = request.GET.get("kind", ""), request.GET.get("name", "")
    target = find_target(pk, kind, name, caller(request.user, token))
    if target is None:
        raise Http404(f"You may use no {kind} {name!r} there, or the server is turned off.")
    return target


def _run(request: HttpRequest, run: str) -> Run:
    replies: dict[str, str] = request.session.get(REPLIES, {})
    found = find_run(run, request.user, replies)
    if found is None:
        raise Http404("There is no such run of yours; they are kept for a while only.")
    return found


def _recall(request: HttpRequest, target: Target, filling: Filling) -> None:
    """Fill the form with what is kept of a call, for whoever may see it."""
    if not request.user.has_perm("mcp_transport.view_call"):
        raise PermissionDenied
    key = read_key(request.GET["call"])
    calls = Call.objects.filter(server=target.slug, entry=target.name)
    call = None if key is None else calls.filter(pk=key).first()
    if call is None:
        raise Http404("There is no such call.")
    kept = Run.kept(call.arguments)
    if kept is None:
        text = "The arguments were too large to be kept."
        filling.others.append(Problem(id="fields", label="Arguments", text=text))
    filling.start(kept or {})


def _start(
    request: HttpRequest, target: Target, filling: Filling, token: Token | None, value: Any
) -> HttpResponse | None:
    refusal = BUSY if running(request.user) >= MAX_RUNNING else ""
    if not refusal:
        principal, params = caller(request.user, token), target.params(value)
        try:
            stream = _perform(
                lambda run: asking.begin(run, target.slug, principal, target.method, params)
            )
        except asking.NotStarted as error:
            refusal = str(error)
        except TimeoutError:
            refusal = SLOW
        else:
            return HttpResponseRedirect(reverse("admin:mcp_transport_run", args=[stream]))
    filling.others.append(Problem(id="fields", label="Refused", text=refusal))
    return None


def _perform(act: Callable[[Any], Any]) -> Any:
    """Do something in the worker process; what starts one stands above this layer."""
    return import_string("mcp_transport.worker.loop.perform")(act, within=asking.PATIENCE)


def _act(request: HttpRequest, run: Run, cards: list[Card]) -> HttpResponse | None:
    """Cancel a run or answer a question; None when its form has to be shown again."""
    here = HttpResponseRedirect(request.get_full_path())
    session = run.stream.session
    principal = again(request.user, session.owner)
    action = request.POST.get("do", "")
    if action == "cancel-run":
        if not run.is_over:
            _tell(lambda w: asking.cancel(w, run.slug, principal, session.pk, run.request_id))
        return here
    asked = next((item for item in cards if item.id == request.POST.get("question")), None)
    if asked is None or not asked.asked.is_open:
        return here
    asked.filling.take(request)
    if asked.filling.change(action):
        return None
    if action not in (ACCEPT, DECLINE, CANCEL):
        return here
    answer = asked.answer(action)
    if action == ACCEPT and asked.filling.problems:
        return None
    _tell(lambda w: asking.respond(w, run.slug, principal, session.pk, asked.id, answer))
    _remember(request, asked.id, action)
    return here


def _tell(act: Callable[[Any], Any]) -> None:
    try:
        _perform(act)
    except (asking.NotStarted, TimeoutError):
        return  # the page shows that nothing has changed


def _remember(request: HttpRequest, question: str, action: str) -> None:
    replies = {**request.session.get(REPLIES, {}), question: action}
    kept = list(replies.items())[-MAX_REPLIES:]
    request.session[REPLIES] = dict(kept)


def _form_context(
    request: HttpRequest, target: Target, filling: Filling, token: Token | None
) -> Context:
    address = reverse("admin:mcp_transport_try", args=[target.record.id])
    principal = caller(request.user, token)
    return {
        "target": target,
        "filling": filling,
        "action": f"{address}?{urlencode({'kind': target.kind, 'name': target.name})}",
        "tokens": tokens_for(request.user),
        "token": token,
        "is_covered": target.is_covered(principal),
        "confirm_id": CONFIRM_ID,
    }


def _shown(run: Run) -> Context:
    """What of a run is worked out for its parts."""
    result = run.result or {}
    structured = result.get("structuredContent")
    return {
        "status": Status(*run.state),
        "blocks": blocks(result),
        "structured": None
        if structured is None
        else JsonTree(value=structured, label="Structured content"),
        "whole": JsonTree(value=result, label="The whole result") if result else None,
        "error_data": raw(data) if (data := (run.error or {}).get("data")) else "",
    }


def _version(run: Run, part: str) -> str:
    """What changes when a live part does."""
    if part == "questions":
        seen: object = (run.is_over, [(asked.id, asked.reply) for asked in run.asked])
    else:
        seconds = 0 if run.is_over else int(run.seconds)
        seen = (len(run.events), run.state, seconds)
    return blake2b(repr(seen).encode(), digest_size=12).hexdigest()


def _verb(run: Run) -> str:
    return {"prompts/get": "Got", "resources/read": "Read"}.get(run.stream.method, "Called")
