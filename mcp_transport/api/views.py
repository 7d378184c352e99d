"""What the views have in common: who is let in, what is recorded, what is never cached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import IntegrityError, models, transaction
from django.db.models import QuerySet
from django.utils.decorators import method_decorator
from drf_spectacular.openapi import AutoSchema
from rest_framework import mixins, viewsets
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.routers import APIRootView
from rest_framework.serializers import BaseSerializer
from rest_framework.views import exception_handler

from mcp_transport.api.authentication import OperatorTokenAuthentication
from mcp_transport.api.filtering import StrictFilters
from mcp_transport.api.pages import NewestFirst
from mcp_transport.api.permissions import (
    BOUND,
    IsOperator,
    ModelPermission,
    servers_reached,
    within_reach,
)
from mcp_transport.api.throttling import OperatorThrottle
from mcp_transport.audit.differences import difference, stored
from mcp_transport.audit.operators import (
    API,
    DENIED,
    Operator,
    Subject,
    operator_of,
    record_action,
    recorded,
)
from mcp_transport.comparable import is_comparable

if TYPE_CHECKING:  # generic in the type stubs only
    GenericViewSet = viewsets.GenericViewSet[Any]
else:
    GenericViewSet = viewsets.GenericViewSet

NO_TEXT = "This holds a character of nothing, U+0000."
CLASH = "Another row has come in between, or something still hangs on this one; read it again."


class OperatorPolicy:
    """
    What holds for every view; said here, whatever the site's own views do.

    A session of the site counts with its CSRF token, a bearer token by itself.
    """

    authentication_classes: Any = (OperatorTokenAuthentication, SessionAuthentication)
    permission_classes: Any = (IsOperator,)
    throttle_classes: Any = (OperatorThrottle,)
    parser_classes: Any = (JSONParser,)
    renderer_classes: Any = (JSONRenderer, BrowsableAPIRenderer)
    versioning_class: Any = None
    schema: Any = AutoSchema()

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse, of who may ask, what no database can look for."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]  # of the view
        if not all(map(is_comparable, kwargs.values())):
            raise NotFound
        lists = request.query_params.lists()
        if wrong := [name for name, values in lists if not all(map(is_comparable, values))]:
            raise ValidationError({name[:50]: [NO_TEXT] for name in wrong})

    def get_exception_handler(self) -> Any:
        """Return REST framework's own: what is wrong is said in one form on every site."""
        return exception_handler

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let nobody keep an answer: it may hold a token's value, and who may see it changes."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]  # of the view
        response["Cache-Control"] = "no-store"
        return response


class Root(OperatorPolicy, APIRootView):
    """Where everything is."""

    schema = None


# A denial raises: in a transaction of ATOMIC_REQUESTS its record would not stay.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class RowViews(OperatorPolicy, GenericViewSet):
    """
    Views over the rows of one table.

    A change and the record of it are one transaction. ``path_to_server`` leads
    from a row to the key of its server, for tokens that are bound to some.
    """

    permission_classes = (ModelPermission,)
    pagination_class: Any = NewestFirst
    filter_backends: Any = (StrictFilters,)
    deeds: ClassVar[Mapping[str, str]] = {}
    path_to_server: ClassVar[str | None] = None

    def model_of(self, deed: str) -> type[models.Model]:
        """Return the model whose permission something asks for."""
        rows = cast("Any", self).queryset
        return cast("type[models.Model]", rows.model)

    def get_view_name(self) -> str:
        """Name the rows in the page that a browser is shown."""
        meta = self.model_of("view")._meta
        return str(meta.verbose_name if self.detail else meta.verbose_name_plural).capitalize()

    @property
    def operator(self) -> Operator:
        """Who asks, as the record names them."""
        return operator_of(self.request, API)

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that the request's credential reaches: for a list and for a single one."""
        if getattr(self, "swagger_fake_view", False):  # the document is made without a request
            return super().get_queryset()
        return within_reach(self.request, super().get_queryset(), self.path_to_server)

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        """Make a row, and keep that."""
        if servers_reached(self.request) is not None:
            raise PermissionDenied(BOUND)
        with transaction.atomic():
            row = serializer.save()
            record_action(self.operator, "add", row, changes=difference({}, stored(row)))

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        """Change a row, and keep what of it was changed."""
        with recorded(self.operator, "change", cast("models.Model", serializer.instance)):
            serializer.save()

    def perform_destroy(self, instance: models.Model) -> None:
        """Delete a row, and keep what it was."""
        with recorded(self.operator, "delete", instance):
            instance.delete()

    def handle_exception(self, exc: Exception) -> Response:
        """Keep what was denied; answer a clash of two changes as what it is."""
        is_denial = isinstance(exc, (PermissionDenied, DjangoPermissionDenied))
        if is_denial and self.request.method not in {"GET", "HEAD", "OPTIONS"}:
            self._record_denial()
        if isinstance(exc, IntegrityError):
            exc = ValidationError({"non_field_errors": [CLASH]})
        return super().handle_exception(exc)

    def _record_denial(self) -> None:
        user: Any = self.request.user  # see IsOperator
        if user and user.is_authenticated:
            action = self.action or str(self.request.method).lower()
            kind = str(self.model_of("change")._meta.model_name)
            subject = Subject(kind=kind, id=str(next(iter(self.kwargs.values()), "")))
            record_action(self.operator, VERBS.get(action, action), subject, outcome=DENIED)


class EditableRowViews(
    RowViews,
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """Views over rows that operators make, change and delete."""


#: What REST framework calls an action, in the words of the record.
VERBS = {"create": "add", "update": "change", "partial_update": "change", "destroy": "delete"}
