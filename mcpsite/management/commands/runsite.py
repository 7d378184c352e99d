"""Prepares the site as far as it is not, then serves it until it is stopped."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.signals import setting_changed

from mcp_transport.client_settings import client_settings
from mcp_transport.conf import settings
from mcp_transport.management.subcommands.base import LARGEST_PORT, whole_number
from mcp_transport.rules import is_safe_address
from mcpsite.first_run import Prepared, prepare_demo, prepare_open

START_LIMIT = 60.0  # seconds the server may take to answer before nothing is printed
NEXT_STEPS = """
The admin is at {site}/admin/; make a user for it with: {manage} createsuperuser
Another token: {manage} mcp token create demo "my laptop"
Stop with Ctrl-C."""


class Command(BaseCommand):
    """``make run`` in one command."""

    help = "Migrate, make the demo server and its first token, and serve the site."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=whole_number(1, LARGEST_PORT), default=8000)
        parser.add_argument(
            "--open",
            dest="app",
            metavar="APP",
            help="serve this app's entries to anybody, not the demo",
        )

    def handle(self, *, host: str, port: int, app: str | None, **_options: Any) -> None:
        """Prepare, then serve; what to connect to is printed once the server answers."""
        refuse_taken(host, port)
        self.stderr.write("bringing the database up to date")
        call_command("migrate", verbosity=0, interactive=False)
        prepared = prepare_open(app) if app else prepare_demo()
        site = public_address(host, port)
        settle(site)
        # The server takes the main thread, where signals arrive, so this one waits for it.
        threading.Thread(
            target=self.announce, args=(prepared, site, (reachable(host), port)), daemon=True
        ).start()
        self.stderr.write("starting the server")
        call_command("mcp", "serve", "--host", host, "--port", str(port))

    def announce(self, prepared: Prepared, site: str, address: tuple[str, int]) -> None:
        """Print what to connect to as soon as the server answers."""
        if not is_answering(address):
            return
        url = f"{site}{settings.MCP_PATH}/{prepared.slug}"
        lines = [f"endpoint: {url}"]
        if not prepared.is_open and settings.MCP_PUBLIC_URL:
            lines.append(
                "Clients that can sign in need nothing else; their users log in to the site."
            )
        if prepared.token:
            lines.append(f"token: {prepared.token}")
        if not prepared.is_open:
            lines += ["", client_settings(prepared.slug, url, prepared.token)]
            lines.append(NEXT_STEPS.format(site=site, manage=f"{python()} manage.py"))
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def public_address(host: str, port: int) -> str:
    """Where clients reach the site: what stands in front of it says so, or the port it has."""
    return django_settings.PUBLIC_URL or f"http://{reachable(host)}:{port}"


def settle(site: str) -> None:
    """Have clients sign in at the address that is served, where nobody can read along."""
    os.environ["PUBLIC_URL"] = site  # for other worker processes
    django_settings.MCP_PUBLIC_URL = site if is_safe_address(site) else None
    value = django_settings.MCP_PUBLIC_URL
    setting_changed.send(Command, setting="MCP_PUBLIC_URL", value=value, enter=True)


def reachable(host: str) -> str:
    """The address itself, or this machine for the one that stands for all of its addresses."""
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound


def python() -> str:
    """This Python, as one calls it from here."""
    program = Path(sys.executable)
    is_inside = program.is_relative_to(Path.cwd())
    return str(program.relative_to(Path.cwd())) if is_inside else program.name


def refuse_taken(host: str, port: int) -> None:
    """Stop before anything is prepared when the port belongs to somebody else."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"{host}:{port} cannot be used ({error.strerror}); choose another port,"
                f" as in: make run PORT={port + 1}"
            ) from error


def is_answering(address: tuple[str, int]) -> bool:
    """Wait until something listens."""
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
