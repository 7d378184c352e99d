"""A PostgreSQL cluster of a test's own, which it may stop."""

from __future__ import annotations

import subprocess
import tempfile
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
def running_cluster() -> Iterator[Cluster]:
    """
    A cluster that ends with the block.

    Its folder is no test's own: those are closed to the other user that it
    runs as.
    """
    with tempfile.TemporaryDirectory(prefix="mcp-cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = Cluster(folder / "cluster")
        try:
            yield cluster
        finally:
            cluster.stop()
