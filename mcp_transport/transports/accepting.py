"""Which of the two forms of an answer a client takes."""

from __future__ import annotations

from functools import lru_cache

# The most specific range decides (RFC 9110, section 12.5.1).
JSON_RANGES = ("application/json", "application/*", "*/*")
STREAM_RANGES = ("text/event-stream", "text/*", "*/*")
REFUSED = frozenset({"q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000"})
LONGEST_KEPT = 500  # bytes of a header whose meaning is remembered


def accepted(header: bytes | None) -> tuple[bool, bool]:
    """Whether an Accept header takes (JSON, an event stream); without one, both."""
    if header is None:
        return True, True
    return _accepted(header) if len(header) <= LONGEST_KEPT else _accepted.__wrapped__(header)


@lru_cache(maxsize=256)
def _accepted(header: bytes) -> tuple[bool, bool]:
    takes = dict(_range(part) for part in header.decode("latin-1").lower().split(","))
    return _decide(takes, JSON_RANGES), _decide(takes, STREAM_RANGES)


def _range(part: str) -> tuple[str, bool]:
    """A media range, and whether its weight is above zero."""
    kind, *parameters = ("".join(item.split()) for item in part.split(";"))
    return kind, REFUSED.isdisjoint(parameters)


def _decide(takes: dict[str, bool], ranges: tuple[str, ...]) -> bool:
    return next((takes[kind] for kind in ranges if kind in takes), False)
