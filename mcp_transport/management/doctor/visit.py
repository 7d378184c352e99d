"""One visit to an endpoint: its address, the credential and how requests are made."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import certifi
import httpx

from mcp_transport.protocol.revisions import R2026_07_28
from mcp_transport.protocol.routing import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION

CLIENT = {"name": "manage.py mcp doctor", "version": "1"}
JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream"
META = {
    PROTOCOL_VERSION: R2026_07_28.name,
    CLIENT_CAPABILITIES: {},
    CLIENT_INFO: CLIENT,
}
BASE_HEADERS = {
    "content-type": JSON_TYPE,
    "accept": f"{JSON_TYPE}, {STREAM_TYPE}",
    "accept-encoding": "identity",
    "user-agent": "mcp-doctor",
}
DEFAULT_PORTS = {"http": 80, "https": 443}
EVENT_END = b"\n\n"

Json = dict[str, Any]


@dataclass(slots=True)
class Visit:
    """An endpoint to try; what one step learns for another is kept here."""

    url: str
    token: str = ""
    origin: str = ""  # of the page that is to call the endpoint
    timeout: float = 5.0  # seconds without a byte after which a step has failed
    patience: float = 20.0  # seconds to wait for a sign of life on a silent stream
    addresses: list[tuple[int, tuple[Any, ...]]] = field(default_factory=list)
    is_open: bool = False  # whether the server answers without a credential
    session_id: str = ""
    challenge: str = ""  # to whoever comes without a credential
    issuers: list[str] = field(default_factory=list)
    first: httpx.Response | None = None
    _client: httpx.Client | None = None

    @property
    def parts(self) -> SplitResult:
        """The address, taken apart. Raises ValueError for what is none."""
        return urlsplit(self.url)

    @property
    def port(self) -> int:
        """The port to connect to."""
        return self.parts.port or DEFAULT_PORTS.get(self.parts.scheme, 0)

    @property
    def own_origin(self) -> str:
        """The origin of the site's own pages."""
        return f"{self.parts.scheme}://{self.parts.netloc}"

    @property
    def client(self) -> httpx.Client:
        """The connections of this visit; proxies of the environment are not used."""
        if self._client is None:
            self._client = httpx.Client(
                timeout=self.timeout, trust_env=False, verify=tls_context(), follow_redirects=False
            )
        return self._client

    def close(self) -> None:
        """Let go of every connection."""
        if self._client is not None:
            self._client.close()

    def authorization(self) -> dict[str, str]:
        """The header with the credential, if there is one."""
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    def post(
        self, method: str, params: Json | None = None, *, url: str = "", **headers: str | None
    ) -> httpx.Response:
        """Send a stateless request; a header that is None is left out."""
        body, sent = self.modern(method, params or {}, headers)
        return self.client.post(url or self.url, content=body, headers=sent)

    @contextmanager
    def listen(self, **headers: str | None) -> Iterator[httpx.Response]:
        """A stream of changes, open until the block ends."""
        params = {"notifications": {"toolsListChanged": True}}
        body, sent = self.modern("subscriptions/listen", params, headers)
        with self.client.stream("POST", self.url, content=body, headers=sent) as response:
            yield response

    def modern(
        self, method: str, params: Json, headers: Mapping[str, str | None]
    ) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of a stateless request."""
        named = {"mcp-protocol-version": R2026_07_28.name, "mcp-method": method}
        return request(method, {**params, "_meta": META}), self.headers({**named, **headers})

    def post_legacy(
        self, method: str, params: Json | None = None, *, is_notification: bool = False
    ) -> httpx.Response:
        """Send a message of the session, if one is open."""
        body = request(method, params or {}, is_notification=is_notification)
        return self.client.post(self.url, content=body, headers=self.headers(self.session()))

    def end_session(self) -> httpx.Response:
        """Send DELETE for the session."""
        return self.client.delete(self.url, headers=self.headers(self.session()))

    def session(self) -> dict[str, str | None]:
        """The headers of a message in the session."""
        version = LEGACY if self.session_id else None
        return {"mcp-session-id": self.session_id or None, "mcp-protocol-version": version}

    def headers(self, own: Mapping[str, str | None]) -> dict[str, str]:
        """Every header of a request; underscores in a name stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in own.items()}
        whole = {**BASE_HEADERS, **self.authorization(), **named}
        return {name: value for name, value in whole.items() if value is not None}


LEGACY = "2025-11-25"


@cache  # reading the certificates takes longer than a request
def tls_context() -> ssl.SSLContext:
    """The certificates that this machine trusts, and the public ones where it has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def request(method: str, params: Json, *, is_notification: bool = False) -> bytes:
    """A message in JSON-RPC."""
    message: Json = {"jsonrpc": "2.0", "method": method, "params": params}
    return json.dumps(message if is_notification else {**message, "id": 1}).encode()


def message_of(response: httpx.Response) -> Json:
    """The answer in a response, from JSON or the last event of a stream; empty when it has none."""
    text = response.text
    if response.headers.get("content-type", "").startswith(STREAM_TYPE):
        lines = [line for line in text.splitlines() if line.startswith("data:")]
        text = lines[-1].removeprefix("data:") if lines else ""
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) and message.get("jsonrpc") == "2.0" else {}


def result_of(response: httpx.Response) -> Json:
    """The result in a response; empty for an error and for what is no answer."""
    result = message_of(response).get("result")
    return result if isinstance(result, dict) else {}


def said_by(response: httpx.Response) -> str:
    """What a response says, in short: its status, and the error in it."""
    error = message_of(response).get("error")
    message = f", {error.get('message', '')}" if isinstance(error, dict) else ""
    return f"status {response.status_code}{message}"


def chunks(response: httpx.Response) -> Iterator[bytes]:
    """The bytes of a stream as they come, without decompression."""
    return response.iter_raw()


def first_event(pieces: Iterator[bytes]) -> bytes:
    """The bytes up to the end of the first event; empty when the stream ends before."""
    received = b""
    for piece in pieces:
        received += piece.replace(b"\r\n", b"\n")
        if EVENT_END in received:
            return received
    return b""
