"""An nginx with Nchan, and one in front that hands streams over to it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fleet.front import Front
from tests.process import LIMIT, PROJECT, until

GUIDE = PROJECT / "docs" / "howto" / "nchan.md"
SECRET = "a secret of tests, long enough to be one"
TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]


def guide() -> tuple[str, str]:
    """The configurations that the documentation shows: in front, and of Nchan."""
    found = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    front, nchan = (text.replace("THE-SECRET", SECRET) for text in found)
    return front, nchan


class Nchan:
    """Configured as docs/howto/nchan.md says, but for the places."""

    def __init__(self, ports: Sequence[int] = ()) -> None:
        # A socket's path has 107 bytes at most; those of pytest's folders are longer.
        self._made = tempfile.TemporaryDirectory(prefix="nchan-")
        self.folder = Path(self._made.name)
        self._ports = ports
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def publisher(self) -> str:
        """What MCP_NCHAN_PUBLISHERS names."""
        return f"unix:{self.folder}/publish.sock"

    @property
    def streams(self) -> str:
        """Where the nginx in front subscribes."""
        return f"{self.folder}/streams.sock"

    async def start(self) -> Nchan:
        """Start it, or start it again, and wait until it listens."""
        self._spawn()
        await until(lambda: len(list(self.folder.glob("*.sock"))) == 2)
        return self

    def _spawn(self) -> None:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        assert program, "missing: nginx with Nchan (libnginx-mod-nchan; see scripts/deps.sh)"
        for left in self.folder.glob("*.sock"):
            left.unlink()  # of one that was killed
        configuration = self.folder / "nginx.conf"
        configuration.write_text(self._configuration(), encoding="utf-8")
        self._process = subprocess.Popen(
            [program, "-p", str(self.folder), "-c", str(configuration), "-e", "error.log"],
            cwd=self.folder,
            process_group=0,
        )

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(LIMIT)

    def close(self) -> None:
        """End it, and take its files away."""
        self.kill()
        self._made.cleanup()

    def _configuration(self) -> str:
        site = guide()[1].replace("/run/nchan", str(self.folder))
        servers = "\n".join(f"        server 127.0.0.1:{port} max_fails=0;" for port in self._ports)
        site = re.sub(
            r"        server 127[^\n]*", lambda _: servers or "        server 127.0.0.1:9;", site
        )
        places = "".join(f"{name}_temp_path {self.folder}/{name};\n" for name in TEMPORARY)
        user = "user root;" if os.getuid() == 0 else ""
        head = f"daemon off;\n{user}\npid {self.folder}/nginx.pid;\n"
        return head + site.replace("http {", "http {\n" + places)


def front(folder: Path, ports: Sequence[int], *nchans: Nchan) -> Front:
    """An nginx in front of worker processes that hands streams over."""
    site = guide()[0]
    upstreams = "".join(
        f"upstream mcp_nchan_n{number} {{\n    server unix:{nchan.streams};\n}}\n"
        for number, nchan in enumerate(nchans)
    )
    site = re.sub(r"upstream mcp_nchan_n0 \{.*?\n\}\n", lambda _: upstreams, site, flags=re.DOTALL)
    return Front(folder, ports, site=site)
