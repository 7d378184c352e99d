"""The site's ASGI application: MCP endpoints first, Django for the rest."""

from __future__ import annotations

import os
import warnings
from typing import Any

from django.core.asgi import get_asgi_application
from django.core.signals import request_finished
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpsite.settings")
django_application = get_asgi_application()

from mcp_transport.routing import mcp_application  # noqa: E402  needs the app registry


def close_connections(**_signal: Any) -> None:
    """Each view runs in a thread of its own that ends with it, and so must its connection."""
    connections.close_all()


request_finished.connect(close_connections)

# WhiteNoise answers with a file, which Django reads whole and warns of; those here are small.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

application = mcp_application(django_application)
