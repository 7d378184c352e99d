"""Whom an operator looks at a server as: only what they see is taken over, nothing is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest

from mcp_transport.admin.base import USERNAME
from mcp_transport.auth.errors import AuthenticationError
from mcp_transport.auth.permissions import may_use_server
from mcp_transport.auth.principal import ANONYMOUS, Principal, present, principal_of
from mcp_transport.digits import read_key
from mcp_transport.engine.directory import ServerRecord
from mcp_transport.models import Token

NOBODY, EVERYBODY = "nobody", ""
MOST_TOKENS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """Who looks, and whether the server lets them in at all."""

    choice: str = EVERYBODY
    username: str = ""
    principal: Principal | None = None  # None shows everything
    label: str = "everything that is offered"
    problem: str = ""
    token_id: int | None = None


def viewpoint(request: HttpRequest, record: ServerRecord) -> Viewpoint:
    """Whom the query string names, as far as the reader may know of them."""
    choice = request.GET.get("as", "")
    username = request.GET.get("user", "").strip()
    if choice == "user" and username:
        return _as_user(request, record, username)
    if choice.startswith("token:"):
        return _as_token(request, record, choice)
    if choice == NOBODY:
        return _checked(record, ANONYMOUS, choice=NOBODY, label="a client without credentials")
    return Viewpoint()


def tokens_to_choose(request: HttpRequest) -> list[Token]:
    """The newest tokens, for who may see tokens."""
    if not request.user.has_perm("mcp_transport.view_token"):
        return []
    return list(Token.objects.usable().select_related("owner")[:MOST_TOKENS])


def may_choose_users(request: HttpRequest) -> bool:
    """Whether the reader may know the site's users."""
    options = get_user_model()._meta
    return request.user.has_perm(f"{options.app_label}.view_{options.model_name}")


def _as_user(request: HttpRequest, record: ServerRecord, username: str) -> Viewpoint:
    found: Any = None
    if may_choose_users(request):
        rows = get_user_model()._default_manager
        found = rows.filter(**{USERNAME: username}, is_active=True).first()
    if found is None:
        problem = f"There is no active user {username!r} whom you may see."
        return Viewpoint(choice="user", username=username, problem=problem, principal=ANONYMOUS)
    principal = principal_of(found)
    return _checked(record, principal, choice="user", username=username, label=username)


def _as_token(request: HttpRequest, record: ServerRecord, choice: str) -> Viewpoint:
    key = read_key(choice.partition(":")[2])
    found = None
    if key is not None and request.user.has_perm("mcp_transport.view_token"):
        found = Token.objects.usable().select_related("owner").filter(pk=key).first()
    if found is None:
        problem = "There is no such token that is still accepted."
        return Viewpoint(choice=choice, problem=problem, principal=ANONYMOUS)
    label = f"{found.owner.get_username()} with the token {found.name}"
    return _checked(record, present(found), choice=choice, label=label, token_id=found.pk)


def _checked(record: ServerRecord, principal: Principal, **said: Any) -> Viewpoint:
    try:
        may_use_server(principal, record)
    except AuthenticationError as error:
        return Viewpoint(principal=principal, problem=f"They may not use it: {error}", **said)
    return Viewpoint(principal=principal, **said)
