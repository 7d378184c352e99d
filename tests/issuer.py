"""
An authorization server on this machine: metadata, keys, introspection, over real HTTP.

What it answers can be changed while it runs; what it was asked is kept.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

Json = dict[str, Any]

JWKS, INTROSPECT = "/keys", "/introspect"
LIMIT = 30.0  # seconds for which an answer is held back at most


@cache
def rsa(name: str) -> RSAKey:
    """A key of a name; making one takes a while."""
    return RSAKey.generate_key(2048, {"kid": name})


@cache
def ec(name: str) -> ECKey:
    """A key of another kind."""
    return ECKey.generate_key("P-256", {"kid": name})


@cache
def okp(name: str) -> OKPKey:
    """A key of a third."""
    return OKPKey.generate_key("Ed25519", {"kid": name})


def encoded(value: Any) -> str:
    """A part of a token."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims: Json | bytes, key: Key, header: Json) -> str:
    """A token, whatever it says."""
    text = f"{encoded(header)}.{encoded(claims)}"
    signature = jws.JWSRegistry.algorithms[header["alg"]].sign(text.encode(), key)
    return f"{text}.{encoded(signature)}"


class LocalIssuer:
    """A context manager that serves from a thread."""

    def __init__(self, path: str = "/realms/acme") -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.issuer = self  # type: ignore[attr-defined]  # what its handler asks
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.url = self.origin + path
        self.key: Key = rsa("one")
        self.published: list[Json] = [self.key.as_dict(private=False)]
        self.metadata: Json = {
            "issuer": self.url,
            "jwks_uri": self.origin + JWKS,
            "introspection_endpoint": self.origin + INTROSPECT,
        }
        self.metadata_at = f"/.well-known/oauth-authorization-server{path}"
        self.known: dict[str, Json] = {}  # what introspection says, by token
        self.status = 200  # of every answer
        self.body: bytes | None = None  # in place of every answer
        self.asked: list[tuple[str, str]] = []  # methods and paths
        self.authorizations: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(LIMIT)

    def claims(self, **changed: Any) -> Json:
        """What an ordinary access token says; None leaves a claim out."""
        now = int(time.time())
        usual = {
            "iss": self.url,
            "sub": "subject-1",
            "aud": "https://example.com/mcp/main",
            "exp": now + 300,
            "iat": now,
            "client_id": "client-1",
            "scope": "tools",
        }
        return {name: value for name, value in {**usual, **changed}.items() if value is not None}

    def token(self, header: Json | None = None, **claims: Any) -> str:
        """A token that the issuer signs."""
        usual = {"alg": "RS256", "typ": "at+jwt", "kid": self.key.kid}
        return signed(self.claims(**claims), self.key, {**usual, **(header or {})})

    def count(self, path: str) -> int:
        """How often a path was asked."""
        return sum(asked == path for _method, asked in self.asked)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """What is answered."""
        self.asked.append((method, path))
        self.may_answer.wait(LIMIT)
        if self.body is not None or self.status != 200:
            return self.status, self.body or b""
        found: Json | None = None
        if path == self.metadata_at:
            found = self.metadata
        elif path == JWKS:
            found = {"keys": self.published}
        elif path == INTROSPECT and method == "POST":
            token = parse_qs(body.decode())["token"][0]
            found = self.known.get(token, {"active": False})
        return (404, b"") if found is None else (200, json.dumps(found).encode())


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing: a client that waits no longer is no error."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        issuer: LocalIssuer = self.server.issuer  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        issuer.authorizations.append(self.headers.get("authorization", ""))
        status, answer = issuer.answer(self.command, self.path, body)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        if status in (301, 302, 307):
            self.send_header("location", issuer.origin + JWKS)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""
