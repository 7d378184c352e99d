"""The OpenAPI document, and the page that shows it."""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings
from django.urls import reverse
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from mcp_transport.api.document import DOCUMENT
from mcp_transport.api.views import OperatorPolicy
from mcp_transport.page_policy import page_policy

OURS = "mcp_transport.api."


def only_ours(endpoints: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Leave the operators' views of all that a site serves; a hook of drf-spectacular."""
    return [endpoint for endpoint in endpoints if endpoint[-1].cls.__module__.startswith(OURS)]


class DocumentView(OperatorPolicy, SpectacularAPIView):
    """The OpenAPI document of the operators' API, whatever else the site serves."""

    schema = None
    renderer_classes = SpectacularAPIView.renderer_classes
    custom_settings: Any = {
        **DOCUMENT,
        "PREPROCESSING_HOOKS": ["mcp_transport.api.schema.only_ours"],
    }


class DocumentPage(OperatorPolicy, APIView):
    """The document to read and to try, in a page that runs no inline script."""

    schema = None
    renderer_classes = (TemplateHTMLRenderer,)

    def get(self, request: Request) -> Response:
        """Show the page; it asks for the document by itself."""
        namespace = request.resolver_match.namespace if request.resolver_match else ""
        context = {
            "title": DOCUMENT["TITLE"],
            "document": reverse(f"{namespace}:schema") + "?format=json",
            "csrf_header": csrf_header(),
        }
        headers = {"Content-Security-Policy": page_policy()}
        return Response(context, template_name="mcp_transport/api/docs.html", headers=headers)


def csrf_header() -> str:
    """Give the name of the header that Django looks for, as a browser sends it."""
    return django_settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-")
