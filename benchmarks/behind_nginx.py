"""
Runs a server behind two nginx, of which one has Nchan and holds its streams.

    python -m benchmarks.behind_nginx PORT FOLDER COMMAND... --port SERVER_PORT

It ends with the signal that ends it, and all of them with it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.fleet.nchan import SECRET, Nchan, front
from tests.process import is_listening, until


async def serve(port: int, folder: Path, command: list[str]) -> None:
    """Start all three, and end them when told to."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    server_port = int(command[-1])
    nchan = Nchan([server_port])
    first = front(folder / "nginx", [server_port], nchan)
    first.port = port
    named = {"NCHAN_PUBLISHERS": nchan.publisher, "NCHAN_SECRET": SECRET}
    server = await asyncio.create_subprocess_exec(*command, env=os.environ | named)
    try:
        await nchan.start()
        await until(lambda: is_listening(server_port), within=60)
        await first.start()
        await told.wait()
    finally:
        first.stop()
        server.terminate()
        await server.wait()
        nchan.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
