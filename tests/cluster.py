"""A PostgreSQL cluster of a test's own, which it may stop."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.process import PROJECT

LIMIT = 90.0  # seconds a cluster may take to be made


class Cluster:
    """Made durable in a folder that another user has to reach."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = self._run("postgres_start", "durable").strip()

    def stop(self) -> None:
        """End it at once, as a crash would."""
        self._run("postgres_stop")

    def resume(self) -> None:
        """Start it again at the same address."""
        self._run("postgres_resume")

    def _run(self, function: str, *arguments: str) -> str:
        script = f'set -e; source scripts/postgres.sh; {function} "$@"'
        done = subprocess.run(
            ["bash", "-c", script, "bash", str(self._folder), *arguments],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            check=True,
            timeout=LIMIT,
        )
        return done.stdout


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster that ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    for parent in (folder, *folder.parents):  # the cluster runs as another user
        if parent.stat().st_uid == os.getuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o055)
    cluster = Cluster(folder)
    try:
        yield cluster
    finally:
        cluster.stop()
