"""The answers of an nginx on one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from httptools import HttpParserError, HttpResponseParser


class Answer(msgspec.Struct, frozen=True):
    """A response, as far as it matters."""

    status: int
    body: bytes


class Answers(asyncio.Protocol):
    """Hands over each answer; tells of the beginning and the end of the connection."""

    _transport: asyncio.Transport

    def __init__(
        self,
        made: Callable[[asyncio.Transport], None],
        take: Callable[[Answer], None],
        lost: Callable[[asyncio.Transport], None],
    ) -> None:
        self._made = made
        self._take = take
        self._lost = lost
        self._parser = HttpResponseParser(self)
        self._body: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        """See asyncio.BaseProtocol."""
        self._transport = transport
        self._made(transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        try:
            self._parser.feed_data(data)
        except HttpParserError:  # no nginx; what comes behind means nothing
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.BaseProtocol."""
        self._lost(self._transport)

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        body, self._body = b"".join(self._body), []
        self._take(Answer(self._parser.get_status_code(), body))
