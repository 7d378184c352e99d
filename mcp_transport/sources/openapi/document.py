"""
One document: loaded in a thread, loaded again from time to time, never waited for.

A document that is away or broken keeps what it offered before, or offers
nothing; either is a state that an operator is told of once.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from mcp_transport.outgoing.configuration import origin_of
from mcp_transport.outgoing.exchanging import TooLarge, Undecodable, exchange, reason
from mcp_transport.outgoing.network import GuardedTransport, Refused
from mcp_transport.sources.openapi.building import Built, build
from mcp_transport.sources.openapi.configuration import Configuration
from mcp_transport.sources.openapi.operations import LeftOut, Operation
from mcp_transport.sources.openapi.reading import MAX_BYTES, DocumentError, parse
from mcp_transport.sources.openapi.requests import USER_AGENT

logger = logging.getLogger("mcp_transport.openapi")

FILE_INTERVAL = 5.0  # seconds between two looks at a file
RETRY_INTERVAL = 30.0  # seconds after which a document that could not be had is tried again


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a document is."""

    operations: tuple[Operation, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    base: str = ""
    problem: str = ""  # empty for one that could be loaded the last time
    is_loaded: bool = False  # whether anybody has tried


class Document:
    """A document of the setting, as it was loaded the last time."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.state = State()
        self.generation = 0
        self._lock = threading.Lock()
        self._loading: threading.Thread | None = None
        self._digest = b""  # of what was built the last time
        self._built: Built | DocumentError = DocumentError("")
        self._due_at = 0.0  # monotonic seconds

    def load_if_due(self) -> None:
        """Begin to load the document, if it is time to."""
        if time.monotonic() < self._due_at:
            return
        with self._lock:
            if self._loading is None or not self._loading.is_alive():
                name = f"mcp-openapi-{self.configuration.alias}"
                self._loading = threading.Thread(target=self._load, name=name, daemon=True)
                self._loading.start()

    def wait(self, seconds: float) -> None:
        """Wait for a load that runs, but not longer than that."""
        loading = self._loading
        if loading is not None:
            loading.join(max(0.0, seconds))

    def _load(self) -> None:
        interval = RETRY_INTERVAL
        try:
            data = fetched(self.configuration)
            self._take(data)
            interval = self._interval()
        except DocumentError as error:
            self._note(str(error))
        except Exception:
            logger.exception("OpenAPI document %r failed to load", self.configuration.alias)
            self._note("it could not be read; the log has the details")
        self._due_at = time.monotonic() + min(interval, self._interval())

    def _interval(self) -> float:
        return FILE_INTERVAL if self.configuration.url is None else self.configuration.refresh

    def _take(self, data: bytes) -> None:
        digest = hashlib.sha256(data).digest()
        is_new = digest != self._digest
        if is_new:
            self._built, self._digest = _attempt(data, self.configuration), digest
        if isinstance(self._built, DocumentError):  # what is broken is not read twice
            raise self._built
        if self.state.problem:
            logger.warning("OpenAPI document %r can be used again", self.configuration.alias)
        if is_new or self.state.problem:
            self._set(self._built)
        if is_new and self._built.left_out:
            logger.warning(
                "OpenAPI document %r: %d of its operations are no tools; `manage.py mcp sources openapi.%s` says why",
                self.configuration.alias,
                len(self._built.left_out),
                self.configuration.alias,
            )

    def _set(self, built: Built) -> None:
        self.state = State(
            operations=built.operations,
            left_out=built.left_out,
            base=built.base,
            is_loaded=True,
        )
        self.generation += 1

    def _note(self, problem: str) -> None:
        before = self.state
        if before.problem != problem:
            rest = "it keeps the tools that it had" if before.operations else "it offers nothing"
            logger.warning(
                "OpenAPI document %r cannot be used: %s; %s",
                self.configuration.alias,
                problem,
                rest,
            )
        self.state = State(
            operations=before.operations,
            left_out=before.left_out,
            base=before.base,
            problem=problem,
            is_loaded=True,
        )


def _attempt(data: bytes, configuration: Configuration) -> Built | DocumentError:
    try:
        return build(parse(data), configuration)
    except DocumentError as error:
        return error


def fetched(configuration: Configuration) -> bytes:
    """The bytes of a document. Raises DocumentError."""
    if configuration.url is None:
        return read_file(Path(configuration.document))
    return asyncio.run(fetch(configuration))


def read_file(path: Path) -> bytes:
    """The bytes of a file, as many as are read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DocumentError(f"its file cannot be read ({error.strerror})") from None


async def fetch(configuration: Configuration) -> bytes:
    """The bytes behind the URL of a document. Raises DocumentError."""
    headers = headers_of(configuration)
    request = httpx.Request("GET", configuration.url or "", headers=headers)
    transport = GuardedTransport(configuration.private_hosts, ca_file=configuration.ca_file)
    try:
        answer = await exchange(transport, request, within=configuration.timeout, limit=MAX_BYTES)
    except TimeoutError:
        raise DocumentError(f"it did not come within {configuration.timeout:g} seconds") from None
    except TooLarge:
        raise DocumentError(f"it has more than {MAX_BYTES // 2**20} MiB") from None
    except Undecodable:
        raise DocumentError("it is compressed in a way that was not asked for") from None
    except Refused as error:
        raise DocumentError(str(error)) from None
    except httpx.TransportError as error:
        raise DocumentError(f"it cannot be fetched ({reason(error)})") from None
    finally:
        await transport.aclose()
    if answer.status != 200:
        raise DocumentError(f"its address answers {answer.status} instead of 200")
    return answer.body


def headers_of(configuration: Configuration) -> dict[str, str]:
    """The headers for fetching a document: credentials only at their own origin."""
    common = {"Accept": "application/json, application/yaml, */*;q=0.5", "User-Agent": USER_AGENT}
    return {**common, **(configuration.sent_headers if is_at_home(configuration) else {})}


def is_at_home(configuration: Configuration) -> bool:
    """Whether a document has the origin that its credentials belong to."""
    url, base = configuration.url, configuration.base_url
    return url is not None and (base is None or origin_of(base) == origin_of(url))
