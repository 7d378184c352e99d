"""Starts a server for the site: ``manage.py mcp serve``."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from mcp_transport.conf import settings
from mcp_transport.monitoring.sharing import shared_folder

PING_INTERVAL = 20.0  # seconds, also those in which a WebSocket's client has to answer
KEEP_ALIVE = 75  # seconds; longer than a proxy keeps a connection that it does not use
START_TIMEOUT = 60  # seconds a worker that replaces another may take until it serves
GRACE = 2.0  # seconds beyond the drain before connections are cut


def application_path() -> str:
    """
    The ASGI application of the site as ``module:attribute``.

    Raises ImproperlyConfigured: a new project's settings do not name one.
    """
    named = getattr(django_settings, "ASGI_APPLICATION", None)
    if not named:
        project = str(django_settings.ROOT_URLCONF).rpartition(".")[0] or "project"
        raise ImproperlyConfigured(
            "ASGI_APPLICATION does not say what is to be served; name what mcp_application()"
            f' returns, such as ASGI_APPLICATION = "{project}.asgi.application".'
        )
    module, _, attribute = named.rpartition(".")
    return f"{module}:{attribute}"


def worker_count() -> int:
    """How many worker processes serve the site, as far as it has been said."""
    if settings.MCP_WORKERS is not None:
        return int(settings.MCP_WORKERS)
    said = os.environ.get("WEB_CONCURRENCY", "")  # uvicorn and gunicorn go by it
    return int(said) if said.isdecimal() and int(said) else 1


def believes_proxies() -> bool:
    """
    Whether the X-Forwarded headers of a trusted peer say who the client is.

    uvicorn would look for them in every request, whether or not there is a
    proxy; a site behind one has told Django, or uvicorn, about it.
    """
    is_told = django_settings.SECURE_PROXY_SSL_HEADER is not None
    return is_told or "FORWARDED_ALLOW_IPS" in os.environ


def serve(host: str, port: int, server: str, workers: int | None = None) -> None:
    """Serve until told to stop. Raises ImportError when the server is not installed."""
    if server == "daphne":
        _serve_with_daphne(host, port)
    else:
        workers = workers or worker_count()
        with shared_folder(workers):
            _serve_with_uvicorn(host, port, workers)


def _serve_with_uvicorn(host: str, port: int, workers: int) -> None:
    from uvicorn import Config  # here, as one of two servers is enough

    from mcp_transport.serving.uvicorn_server import run

    config = Config(
        application_path(),
        host=host,
        port=port,
        workers=workers,
        loop="auto",
        **_protocols(),
        log_config=None,
        access_log=False,
        proxy_headers=believes_proxies(),
        lifespan="on",
        ws_max_size=settings.MCP_WEBSOCKET_MAX_BYTES,
        ws_per_message_deflate=False,  # it costs more time and memory than it saves here
        ws_ping_interval=PING_INTERVAL,
        ws_ping_timeout=PING_INTERVAL,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_worker_healthcheck=START_TIMEOUT,
        timeout_graceful_shutdown=int(settings.MCP_DRAIN_TIMEOUT + GRACE),
    )
    run(config)


def _protocols() -> dict[str, Any]:
    """uvicorn's protocols with limits, where what they are made of is installed."""
    try:
        from mcp_transport.serving.uvicorn_protocols import LimitedHttp, LimitedSocket
    except ImportError:
        return {}
    return {"http": LimitedHttp, "ws": LimitedSocket}


def _serve_with_daphne(host: str, port: int) -> None:
    from daphne.cli import CommandLineInterface  # see above

    ping = ["--ping-interval", str(int(PING_INTERVAL)), "--ping-timeout", str(int(PING_INTERVAL))]
    forever = ["--websocket_timeout", "-1"]  # a day otherwise
    arguments = ["--bind", host, "--port", str(port), *ping, *forever, application_path()]
    CommandLineInterface().run(arguments)
    sys.exit(0)
