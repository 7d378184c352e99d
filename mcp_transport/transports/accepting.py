"""Which of the two forms of an answer a client takes."""

from __future__ import annotations

from functools import lru_cache

JSON_RANGES = frozenset({"application/json", "application/*", "*/*"})
STREAM_RANGES = frozenset({"text/event-stream", "text/*", "*/*"})


@lru_cache(maxsize=256)
def accepted(header: bytes | None) -> tuple[bool, bool]:
    """Whether an Accept header takes (JSON, an event stream); without one, both."""
    if header is None:
        return True, True
    ranges = {_range(part) for part in header.decode("latin-1").lower().split(",")}
    return not ranges.isdisjoint(JSON_RANGES), not ranges.isdisjoint(STREAM_RANGES)


def _range(part: str) -> str:
    """A media range, or nothing when its weight is zero (RFC 9110, section 12.4.2)."""
    kind, *parameters = (item.strip() for item in part.split(";"))
    refused = any(p.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for p in parameters)
    return "" if refused else kind
