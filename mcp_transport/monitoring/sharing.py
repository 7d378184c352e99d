"""The folder in which worker processes keep their figures for one another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mcp_transport.conf import settings

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library reads it when it is imported


@contextmanager
def shared_folder(workers: int) -> Iterator[None]:
    """Make one for as long as a site is served, if that needs one and has none."""
    is_needed = settings.MCP_METRICS_PATH is not None and workers > 1 and FOLDER not in os.environ
    if not is_needed:
        yield
        return
    with TemporaryDirectory(prefix="mcp-metrics-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


def is_shareable(folder: str) -> bool:
    """Whether worker processes can write to a folder."""
    return Path(folder).is_dir() and os.access(folder, os.W_OK | os.X_OK)
