"""Who may do what: staff, by Django's permissions, within what their token reaches."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from mcp_transport.auth.principal import Principal

DEED_OF_METHOD = {
    "GET": "view",
    "HEAD": "view",
    "OPTIONS": "view",
    "POST": "add",
    "PUT": "change",
    "PATCH": "change",
    "DELETE": "delete",
}
BOUND = "This token was issued for single servers, and this belongs to none of them."


class IsOperator(BasePermission):
    """Lets in whom the admin would let in."""

    message = "This is for the site's staff."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the user is staff."""
        user: Any = request.user  # None where a site has UNAUTHENTICATED_USER so
        return bool(user and user.is_active and getattr(user, "is_staff", False))


class ModelPermission(IsOperator):
    """
    Asks for the model's permission for what is being done.

    A view's ``deeds`` says what an action does that its method does not tell.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the user has the permission."""
        if not super().has_permission(request, view):
            return False
        deed = view.deeds.get(view.action) or DEED_OF_METHOD.get(str(request.method), "change")
        name = permission_name(view.model_of(deed), deed)
        self.message = f"This asks for the permission {name!r}."
        return bool(request.user.has_perm(name))


def permission_name(model: type[models.Model], deed: str) -> str:
    """Give the name of Django's permission for doing something to a model."""
    meta = model._meta
    return f"{meta.app_label}.{deed}_{meta.model_name}"


def servers_reached(request: Request) -> frozenset[int] | None:
    """Return the servers that the request's token is for; None for every one."""
    return request.auth.server_ids if isinstance(request.auth, Principal) else None


def within_reach(request: Request, rows: QuerySet[Any], path: str | None) -> QuerySet[Any]:
    """
    Leave of some rows those that the request's token reaches.

    ``path`` leads from a row to the key of its server; a row without one
    belongs to the whole site. Raises PermissionDenied where nothing can be.
    """
    reached = servers_reached(request)
    if reached is None:
        return rows
    if path is None:
        raise PermissionDenied(BOUND)
    return rows.filter(Q((f"{path}__in", reached)))
