"""Whether those who watch over the site can, and nobody else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from mcp_transport.conf import settings
from mcp_transport.monitoring.sharing import FOLDER, is_shareable
from mcp_transport.serving.servers import worker_count


@register()
def check_libraries(**_: Any) -> list[CheckMessage]:
    """What carries figures and traces away has to be there."""
    return [
        Error(
            f"{setting} asks for the package {package}, which is not installed.",
            hint=f"Install the extra {extra!r}, or leave {setting} at its default.",
            id="mcp.E013",
        )
        for setting, package, module, extra in _asked_for()
        if find_spec(module) is None
    ]


def _asked_for() -> Iterator[tuple[str, str, str, str]]:
    if settings.MCP_METRICS_PATH is not None:
        yield "MCP_METRICS_PATH", "prometheus-client", "prometheus_client", "metrics"
    if settings.MCP_TRACING:
        yield "MCP_TRACING", "opentelemetry-api", "opentelemetry", "otel"


@register()
def check_shared_folder(**_: Any) -> list[CheckMessage]:
    """Worker processes write their figures into one folder."""
    folder = os.environ.get(FOLDER)
    if settings.MCP_METRICS_PATH is None or folder is None or is_shareable(folder):
        return []
    return [
        Error(
            f"{FOLDER} names {folder!r}, into which this process cannot write.",
            hint="Make the folder, empty at each start, for the user that serves the site.",
            id="mcp.E014",
        )
    ]


@register(Tags.security, deploy=True)
def check_metrics_access(**_: Any) -> list[CheckMessage]:
    """The figures tell how a site is used, and when it is weak."""
    if settings.MCP_METRICS_PATH is None or settings.MCP_METRICS_ACCESS != "anybody":
        return []
    return [
        CheckWarning(
            f"Anybody may fetch the figures at {settings.MCP_METRICS_PATH}.",
            hint='Set MCP_METRICS_ACCESS to "permission" or "loopback", or close the path at the proxy.',
            id="mcp.W021",
        )
    ]


@register(deploy=True)
def check_every_process_is_measured(**_: Any) -> list[CheckMessage]:
    """Without a shared folder whichever process is asked tells of itself alone."""
    is_alone = settings.MCP_METRICS_PATH is None or worker_count() < 2
    if is_alone or FOLDER in os.environ:
        return []
    return [
        CheckWarning(
            "Several worker processes serve the site, and each shows its own figures alone.",
            hint=f"Set {FOLDER} to a folder that is empty at each start; `mcp serve` does so by itself.",
            id="mcp.W022",
        )
    ]
