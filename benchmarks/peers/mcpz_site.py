"""A Django site of one module with django-mcpz at /mcp, under ASGI and WSGI."""

from __future__ import annotations

import django
import msgspec
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=["django_mcpz"],
    MIDDLEWARE=[],
    ROOT_URLCONF=__name__,
    SECRET_KEY="signs nothing",
)
django.setup()

from django_mcpz.server import MCPServer, public  # type: ignore[import-not-found]  # noqa: E402


class Text(msgspec.Struct):
    """The argument of echo."""

    text: str


server = MCPServer(name="benchmark", version="1", auth=public)


@server.tool(description="Say the same thing again.")  # type: ignore[untyped-decorator]  # see above
def echo(request: HttpRequest, params: Text) -> str:
    """Say the same thing again."""
    return params.text


urlpatterns = [path("mcp", server)]
asgi = get_asgi_application()
wsgi = get_wsgi_application()

if __name__ == "__main__":
    from serving import serve  # type: ignore[import-not-found]  # beside this file when run

    serve(asgi)
