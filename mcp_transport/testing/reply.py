"""What comes back for one request, as it was on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_transport.testing.asgi import Event

Json = dict[str, Any]


class Refusal(Exception):
    """The server answered with an error."""

    def __init__(self, error: Json) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.error = error
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")


@dataclass(slots=True, kw_only=True)
class Reply:
    """What came back for one request, in the order it came."""

    status: int
    headers: Mapping[str, str]
    messages: list[Json] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)  # empty for a JSON answer
    earlier: list[Reply] = field(default_factory=list)  # the rounds that asked something

    @property
    def is_stream(self) -> bool:
        """Whether the answer was an event stream."""
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def response(self) -> Json:
        """The one message that answers the request."""
        responses = [message for message in self.messages if "method" not in message]
        assert len(responses) == 1, f"{len(responses)} responses in {self.messages!r}"
        return responses[0]

    @property
    def notifications(self) -> list[Json]:
        """Every notification, request-bound ones only on a request's stream."""
        return [m for m in self.messages if "method" in m and "id" not in m]

    @property
    def requests(self) -> list[Json]:
        """Every request that the server made."""
        return [m for m in self.messages if "method" in m and "id" in m]

    @property
    def result(self) -> Json:
        """The result; an error is raised."""
        if "error" in self.response:
            raise Refusal(self.response["error"])
        return dict(self.response["result"])

    @property
    def error(self) -> Json:
        """The error; a result is a failure."""
        assert "error" in self.response, f"Not an error: {self.response!r}"
        return dict(self.response["error"])

    @property
    def refused(self) -> tuple[int, int]:
        """HTTP's status and JSON-RPC's code."""
        return self.status, self.error["code"]


def text_of(result: Json) -> str:
    """The text blocks of a tool's result, joined."""
    return "".join(block.get("text", "") for block in result["content"])


def encode(message: Any) -> bytes:
    """One line of JSON."""
    return json.dumps(message).encode()
