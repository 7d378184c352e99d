"""
Feeds coverage-guided nonsense to everything that decodes what a client sent.

    python scripts/fuzz_decoders.py [seconds] [decoder ...]

Needs atheris, which exists for some Pythons only. Each decoder may raise what
it promises and nothing else, and has a second for an input.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import atheris  # noqa: E402 - it is told first which modules to watch

with (
    contextlib.redirect_stderr(io.StringIO()),  # it names every module
    atheris.instrument_imports(include=["mcp_transport", "base64", "json"]),
):
    import django

    django.setup()
    from django.core.exceptions import ImproperlyConfigured

    from mcp_transport.engine.request_state import unseal
    from mcp_transport.protocol import headers, jsonrpc, pagination, routing, subscriptions
    from mcp_transport.protocol.errors import ProtocolError
    from mcp_transport.registry.uri_template import UriTemplate
    from mcp_transport.streams.log import parse_event_id
    from mcp_transport.transports.accepting import accepted
    from mcp_transport.transports.security import Gate, check_origin, preflight

Decoder = Callable[[bytes], object]
LIMIT = 1  # seconds for one input
LARGEST = 4096  # bytes
GATE = Gate(("shop.example", ".wild.example", "127.0.0.1"), ("https://app.example",))
TEMPLATE = UriTemplate("shop://{shop}/items{/section}/{+path}{?q,page}")
FEATURES = frozenset({"tools", "resources", "prompts"})


def text(data: bytes) -> str:
    """A text as a JSON body or a header can hold it."""
    return data.decode("utf-8", "replace")


def message(data: bytes) -> None:
    """A body up to its envelope, against the headers that its own text gives."""
    decoded = jsonrpc.decode(data)
    found = jsonrpc.parse(decoded)
    if isinstance(found, jsonrpc.Response) or not routing.is_modern(found, None):
        return
    if isinstance(found, jsonrpc.Request):
        routing.open_envelope(
            found, {headers.METHOD: found.method.encode(), headers.PROTOCOL_VERSION: b"2026-07-28"}
        )


def depth(data: bytes) -> None:
    """Whether the quick look at nesting agrees with counting."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    assert jsonrpc.nests_deeper(data, 5) is (levels(value) > 5)


def levels(value: Any) -> int:
    """How deep a value nests."""
    inner = list(value.values()) if isinstance(value, dict) else value
    return 1 + max(map(levels, inner), default=0) if isinstance(inner, list) else 0


def header(data: bytes) -> None:
    """Every header that is more than a text."""
    accepted(data)
    preflight(data)
    half = len(data) // 2
    headers.require_equal({headers.NAME: data[:half]}, headers.NAME, text(data[half:]), "Mcp-Name")
    headers.require_parameter({b"mcp-param-a": data[:half]}, "a", text(data[half:]))


def gate(data: bytes) -> None:
    """A Host and an Origin."""
    host, _, origin = data.partition(b"\n")
    if not GATE.admits(host, origin or None):
        check_origin(origin, frozenset({"https://page.example"}))


def uri(data: bytes) -> None:
    """A URI against a template, and as a template of its own."""
    found = TEMPLATE.match(text(data))
    assert found is None or not any(".." in value.split("/") for value in found.values())
    UriTemplate(text(data))


def opaque(data: bytes) -> None:
    """What the site gave out and gets back."""
    parse_event_id(text(data))
    for take in (
        lambda t: unseal(t, "x"),
        lambda t: pagination.page(range(9), t, size=2, of="tools"),
    ):
        with contextlib.suppress(ProtocolError):
            take(text(data))


def listening(data: bytes) -> None:
    """What a client wants to be told of."""
    decoded = jsonrpc.decode(data)
    if isinstance(decoded, dict):
        subscriptions.read_filter(decoded, FEATURES)


DECODERS: dict[str, Decoder] = {
    one.__name__: one for one in (message, depth, header, gate, uri, opaque, listening)
}
SEEDS = (
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{'
    b'"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    b'"io.modelcontextprotocol/clientCapabilities":{}}}}',
    b'{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["note://a"]}}',
    b"shop://a/items/b/c/d?q=1&page=%20", b"shop.example:80\nhttps://app.example", b"=?base64?aGk=?=hi",
    b"application/json;q=0.5, text/event-stream, */*;q=0", b"dG9vbHM6NA==", b"[[[[[[{\"a\":\"[\\\"\"}]]]]]]",
    b"a1b2-7", b".eJxT0lE:1xUmZa:abc", b"x{+a}y{?b,c}{#d}",
)  # fmt: skip


def guard(decoder: Decoder) -> Decoder:
    """A decoder that may raise what it promises."""

    def attempt(data: bytes) -> None:
        with contextlib.suppress(ProtocolError, ImproperlyConfigured):
            decoder(data)

    return attempt


def fuzz(name: str, seconds: int, corpus: Path) -> None:
    """Run one decoder for its time; atheris leaves the process when it is over."""
    for number, seed in enumerate(SEEDS):
        (corpus / str(number)).write_bytes(seed)
    options = [f"-max_total_time={seconds}", f"-timeout={LIMIT}", f"-max_len={LARGEST}"]
    quiet = ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={corpus}/found-"]
    atheris.Setup([sys.argv[0], *options, *quiet, str(corpus)], guard(DECODERS[name]))
    atheris.Fuzz()


def main(seconds: int, names: list[str]) -> int:
    """Run each decoder in a process of its own; how many of them failed."""
    failed = 0
    for name in names:
        with tempfile.TemporaryDirectory() as corpus:
            command = [sys.executable, __file__, "--one", name, str(seconds), corpus]
            done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
        units = [
            line.split()[-1]
            for line in done.stderr.splitlines()
            if "number_of_executed_units" in line
        ]
        print(
            f"{name:10} {units[0] if units else '?':>10} inputs  {'failed' if done.returncode else 'ok'}",
            flush=True,
        )
        if done.returncode:
            failed += 1
            print(done.stdout[-4000:], done.stderr[-4000:])
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 60, sys.argv[2:] or list(DECODERS)))
