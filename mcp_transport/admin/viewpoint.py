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

NOBODY, EVERYBODY, USER = "nobody", "", "user"
CREDENTIAL = "token:"  # with the key of one behind it
MOST_TOKENS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """Who looks, and whether the server lets them in at all."""

    principal: Principal | None = None  # None shows everything
    label: str = "everything that is offered"
    problem: str = ""


def viewpoint(request: HttpRequest, record: ServerRecord) -> Viewpoint:
    """Whom the query string names, as far as the reader may know of them."""
    choice = request.GET.get("as", "")
    username = request.GET.get("user", "").strip()
    if choice == USER and username:
        return _as_user(request, record, username)
    if choice.startswith(CREDENTIAL):
        return _as_token(request, record, choice)
    if choice == NOBODY:
        return _checked(record, ANONYMOUS, label="a client without credentials")
    return Viewpoint()


def viewpoints(request: HttpRequest) -> list[tuple[str, str]]:
    """Whom the reader can choose: what the query string says then, and who it is."""
    found = [(EVERYBODY, "everybody together"), (NOBODY, "a client without credentials")]
    if may_choose_users(request):
        found.append((USER, "the user named beside"))
    if request.user.has_perm("mcp_transport.view_token"):
        newest = Token.objects.usable().select_related("owner")[:MOST_TOKENS]
        found += [
            (f"{CREDENTIAL}{token.pk}", f"{token.owner}, token {token.name}") for token in newest
        ]
    return found


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
        # The same for somebody who is there: who may not see users finds out about none.
        problem = f"There is no active user {username!r} whom you may see."
        return Viewpoint(problem=problem, principal=ANONYMOUS)
    principal = principal_of(found)
    return _checked(record, principal, label=username)


def _as_token(request: HttpRequest, record: ServerRecord, choice: str) -> Viewpoint:
    key = read_key(choice.removeprefix(CREDENTIAL))
    found = None
    if key is not None and request.user.has_perm("mcp_transport.view_token"):
        found = Token.objects.usable().select_related("owner").filter(pk=key).first()
    if found is None:
        problem = "There is no such token that is still accepted."
        return Viewpoint(problem=problem, principal=ANONYMOUS)
    label = f"{found.owner.get_username()} with the token {found.name}"
    return _checked(record, present(found), label=label)


def _checked(record: ServerRecord, principal: Principal, *, label: str) -> Viewpoint:
    problem = ""
    try:
        may_use_server(principal, record)
    except AuthenticationError as error:
        problem = f"They may not use it: {error}"
    return Viewpoint(principal=principal, label=label, problem=problem)
