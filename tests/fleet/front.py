"""An nginx that hands the requests of one client to one worker process after the other."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.process import LIMIT, PROJECT, free_port, is_listening, until

GUIDE = PROJECT / "docs" / "howto" / "deploy.md"
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
{user}
worker_rlimit_nofile 40000;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{site}
}}
"""


class Front:
    """Configured as docs/howto/deploy.md, or a text, says, but for the addresses."""

    def __init__(self, folder: Path, ports: Sequence[int], *, site: str = "") -> None:
        self.port = free_port()
        self.folder = folder
        self._site = site or guide()
        self._ports = ports
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = self._spawn()
        await until(lambda: is_listening(self.port))

    def _spawn(self) -> subprocess.Popen[bytes]:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        assert program, "missing: nginx (Debian package nginx; see scripts/deps.sh)"
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(self._configuration(), encoding="utf-8")
        return subprocess.Popen(
            [program, "-p", str(self.folder), "-c", str(configuration), "-e", "error.log"],
            cwd=self.folder,
        )

    def stop(self) -> None:
        """End it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(LIMIT)

    def complaints(self) -> str:
        """What it found wrong."""
        return (self.folder / "error.log").read_text(encoding="utf-8", errors="replace")

    def _configuration(self) -> str:
        servers = "\n".join(f"    server 127.0.0.1:{port} max_fails=0;" for port in self._ports)
        site = re.sub(r"(    server [^\n{]*\n)+", lambda _: servers + "\n", self._site, count=1)
        tls = " ssl" if "ssl_certificate " in site else ""
        site = re.sub(r"listen \d+( ssl)?;", f"listen 127.0.0.1:{self.port}{tls};", site)
        user = "user root;" if os.getuid() == 0 else ""
        return CONFIGURATION.format(folder=self.folder, user=user, site=site)


def guide() -> str:
    """The configuration that the documentation shows."""
    found = re.search(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, "The guide to deployment shows no configuration."
    return found[1]
