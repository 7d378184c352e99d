"""A user's page of the applications that they let in, each of which can be turned out."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from mcp_transport.oauth.consent import CSS, FOLDER, guarded, login_url
from mcp_transport.oauth.models import Connection
from mcp_transport.oauth.scopes import in_words

MOST = 200


@method_decorator((login_not_required, never_cache, csrf_protect), name="dispatch")
class OwnView(View):
    """The reader's own connections."""

    http_method_names = ("get", "post")

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Have the reader log in first."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), login_url())
        return guarded(super().dispatch(request, *args, **options))  # type: ignore[arg-type]

    def get(self, request: HttpRequest) -> HttpResponse:
        """List them."""
        rows = Connection.objects.live().filter(user=request.user.pk)
        found = rows.select_related("client", "server")[:MOST]
        lines = [(row, [in_words(scope) for scope in row.scopes]) for row in found]
        return render(request, f"{FOLDER}/own.html", {"css": static(CSS), "lines": lines})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Turn one out."""
        chosen = request.POST.get("connection", "")
        if chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
            rows = Connection.objects.filter(user=request.user.pk, pk=int(chosen))
            rows.revoke(Connection.Reason.USER)
        return HttpResponseRedirect(request.path)
