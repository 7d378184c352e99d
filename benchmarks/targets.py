"""The servers that can be measured: how each is started and where it listens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.environments import (
    FASTMCP,
    MCPZ,
    PROJECT,
    PYTHON_SDK,
    TYPESCRIPT_SDK,
    node_of,
    python_of,
)
from benchmarks.processes import free_port

PEERS = PROJECT / "benchmarks" / "peers"
UVICORN = [
    sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "warning",
    "--loop", "uvloop", "--http", "httptools", "--timeout-graceful-shutdown", "1",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a server is given: a port, a folder of its own, and a database."""

    port: int
    folder: Path
    database_url: str = ""
    redis_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """The command of a server and what it needs around it."""

    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = PROJECT
    token: str = ""
    counted: str = (
        ""  # a part of the command of those processes whose cost counts; of all, if empty
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server; a path that is None stands for an era it does not speak."""

    name: str
    title: str
    launch: Callable[[Place], Launch]
    modern: str | None = "/mcp"
    legacy: str | None = "/mcp"
    listen: str | None = None  # where streams are opened, if not at ``modern``
    socket: str | None = None  # where a WebSocket is opened
    announce: str | None = None  # where a change is told, if not by a tool
    wants_postgres: bool = False
    wants_redis: bool = False


def _bare(place: Place) -> Launch:
    return Launch(command=[*UVICORN, "--port", str(place.port), "benchmarks.bare:application"])


def _bare_on_daphne(place: Place) -> Launch:
    daphne = [sys.executable, "-m", "daphne", "--verbosity", "0"]
    return Launch(command=[*daphne, "--port", str(place.port), "benchmarks.bare:application"])


def _ours(
    server: str = "uvicorn", recording: str = "durable", bus: str = ""
) -> Callable[[Place], Launch]:
    def launch(place: Place) -> Launch:
        environment = {
            "DJANGO_SETTINGS_MODULE": "benchmarks.served.settings",
            "VAR_DIR": str(place.folder),
            "DATABASE_URL": place.database_url,
            "REDIS_URL": place.redis_url,
            "BENCHMARK_BUS": bus,
            "MCP_CALL_RECORDING": recording,
            "LOG_LEVEL": "warning",
        }
        prepared = subprocess.run(
            [sys.executable, "-m", "benchmarks.served.prepare"],
            cwd=PROJECT, env=os.environ | environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        serve = ["mcp", "serve", "--server", server, "--port", str(place.port)]
        return Launch(
            command=[sys.executable, "manage.py", *serve],
            environment=environment,
            token=prepared.stdout.strip(),
        )

    return launch


def _ours_behind_nginx(counted: str) -> Callable[[Place], Launch]:
    def launch(place: Place) -> Launch:
        server = _ours()(replace(place, port=free_port()))
        behind = ["-m", "benchmarks.behind_nginx", str(place.port), str(place.folder)]
        command = [sys.executable, *behind, *server.command]
        return replace(server, command=command, counted=counted)

    return launch


def _python_sdk(place: Place) -> Launch:
    program = PEERS / "python_sdk.py"
    return Launch(command=[str(python_of(PYTHON_SDK)), str(program), str(place.port)])


def _fastmcp(place: Place) -> Launch:
    program = PEERS / "fastmcp_server.py"
    return Launch(command=[str(python_of(FASTMCP)), str(program), str(place.port)])


def _mcpz_on_uvicorn(place: Place) -> Launch:
    program = PEERS / "mcpz_site.py"
    return Launch(command=[str(python_of(MCPZ)), str(program), str(place.port)])


def _mcpz_on_gunicorn(place: Place) -> Launch:
    gunicorn = ["-m", "gunicorn", "--bind", f"127.0.0.1:{place.port}", "--log-level", "warning"]
    threads = ["--worker-class", "gthread", "--threads", "32"]
    command = [str(python_of(MCPZ)), *gunicorn, *threads, "mcpz_site:wsgi"]
    return Launch(command=command, folder=PEERS)


def _typescript_sdk(place: Place) -> Launch:
    node, folder = node_of(TYPESCRIPT_SDK)
    program = folder / "server.mjs"  # Node looks for packages beside the file
    program.write_bytes((PEERS / "typescript_sdk.mjs").read_bytes())
    return Launch(command=[node, str(program), str(place.port)], folder=folder)


def _our(
    name: str,
    title: str,
    launch: Callable[[Place], Launch],
    *,
    pg: bool = False,
    redis: bool = False,
) -> Target:
    path = "/mcp/benchmark"
    return Target(
        name=name,
        title=title,
        launch=launch,
        modern=path,
        legacy=path,
        socket=f"{path}/ws",
        wants_postgres=pg,
        wants_redis=redis,
    )


def _bare_target(name: str, title: str, launch: Callable[[Place], Launch]) -> Target:
    return Target(
        name=name, title=title, launch=launch, legacy=None, listen="/listen", socket="/listen",
        announce="/announce",
    )  # fmt: skip


TARGETS = {
    target.name: target
    for target in (
        _bare_target("bare", "bare ASGI", _bare),
        _bare_target("bare-daphne", "bare ASGI, Daphne", _bare_on_daphne),
        _our("ours", "ours", _ours()),
        _our("ours-batched", "ours, batched rows", _ours(recording="batched")),
        _our("ours-unrecorded", "ours, no rows", _ours(recording="off")),
        _our("ours-postgres", "ours, PostgreSQL", _ours(), pg=True),
        _our("ours-memory", "ours, bus in memory", _ours(bus="memory")),
        _our("ours-redis", "ours, bus over Redis", _ours(), redis=True),
        _our("ours-nchan", "ours and two nginx, which hold the streams", _ours_behind_nginx("")),
        _our(
            "ours-beside-nchan", "ours alone, where nginx holds the streams",
            _ours_behind_nginx("manage.py mcp serve"),
        ),
        _our("ours-daphne", "ours, Daphne", _ours(server="daphne")),
        Target(name="python-sdk", title="Python SDK", launch=_python_sdk),
        Target(name="fastmcp", title="FastMCP", launch=_fastmcp),
        Target(
            name="mcpz-gunicorn", title="django-mcpz, gunicorn", launch=_mcpz_on_gunicorn,
            legacy=None,
        ),
        Target(
            name="mcpz-uvicorn", title="django-mcpz, uvicorn", launch=_mcpz_on_uvicorn, legacy=None
        ),
        Target(
            name="typescript-sdk", title="TypeScript SDK", launch=_typescript_sdk, legacy="/session"
        ),
    )
}  # fmt: skip
