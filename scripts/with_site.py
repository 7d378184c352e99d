"""
Starts the site on a fresh database, runs a command against it, stops it.

    with_site.py COMMAND...                          against the demo
    with_site.py --open conformance COMMAND...       against an open server

``{endpoint}`` in the command stands for the address; the token is in the
variable MCP_TOKEN, the name and password of a user of the demo in MCP_LOGIN. The exit status is the command's. DATABASE_URL is passed
on, so the same run goes over PostgreSQL.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

PROJECT = Path(__file__).resolve().parents[1]
PORTS = range(15_000, 32_000)  # below those that outgoing connections are given
START_LIMIT = 90  # seconds until the site has to say where it is
STOP_LIMIT = 40  # seconds it may take to end: it waits for what runs


class Site(NamedTuple):
    """Where the site is and what opens it."""

    endpoint: str
    token: str
    login: str = ""  # a user's name and password, with a colon between


def free_port() -> int:
    """A port nobody listens on, and that no outgoing connection is given meanwhile."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise SystemExit("there is no free port")


@contextmanager
def running_site(app_label: str | None) -> Iterator[Site]:
    """A site on loopback that ends with the block."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+b") as log:
        environment = os.environ | {"VAR_DIR": folder, "PYTHONUNBUFFERED": "1"}
        environment["DJANGO_SETTINGS_MODULE"] = "mcpsite.settings"  # whatever the caller tests
        environment["MCP_DRAIN_TIMEOUT"] = "5"  # the suite leaves tasks behind that go on for long
        command = [sys.executable, "manage.py", "runsite", "--port", str(free_port())]
        if app_label:
            environment["MCP_EXTRA_APPS"] = f"tools.{app_label}"
            command += ["--open", app_label]
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            site = wait_until_ready(process, wants_token=not app_label)
            yield site if app_label else site._replace(login=make_user(environment))
        except BaseException:
            log.seek(0)
            print(log.read()[-5000:].decode(errors="replace"), file=sys.stderr)
            raise
        finally:
            stop(process)


def make_user(environment: dict[str, str]) -> str:
    """Somebody who can log in to the site; the name and the password."""
    password = secrets.token_urlsafe(16)
    code = f"from django.contrib.auth.models import User as U; U.objects.create_user('reader', password='{password}')"
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", code]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, timeout=START_LIMIT)
    return f"reader:{password}"


def wait_until_ready(process: subprocess.Popen[str], *, wants_token: bool) -> Site:
    """Read what the site prints until it has said enough."""
    timer = threading.Timer(START_LIMIT, process.kill)
    timer.start()
    said: dict[str, str] = {}
    wanted = {"endpoint", "token"} if wants_token else {"endpoint"}
    assert process.stdout is not None
    while not wanted <= said.keys():
        line = process.stdout.readline()
        if not line:
            timer.cancel()
            raise SystemExit(f"the site did not start: exit status {process.wait()}")
        name, _, value = line.strip().partition(": ")
        said[name] = value
    timer.cancel()
    # What it says from here on must not fill the pipe.
    threading.Thread(target=read_out, args=(process.stdout,), daemon=True).start()
    return Site(said["endpoint"], said.get("token", ""))


def read_out(output: IO[str]) -> None:
    """Read to the end and close."""
    with output:
        output.read()


def stop(process: subprocess.Popen[str]) -> None:
    """Ask the site to end; a site that does not is a failure."""
    process.terminate()
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        raise SystemExit(f"the site did not stop within {STOP_LIMIT} seconds") from None


def main() -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(description="Run a command against a fresh site.")
    parser.add_argument("--open", metavar="APP", dest="app_label")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    wanted = parser.parse_args()
    with running_site(wanted.app_label) as site:
        command = [part.replace("{endpoint}", site.endpoint) for part in wanted.command]
        opening = {"MCP_TOKEN": site.token, "MCP_LOGIN": site.login}
        return subprocess.run(command, env=os.environ | opening).returncode


if __name__ == "__main__":
    sys.exit(main())
