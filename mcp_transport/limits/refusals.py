"""
Tells of refusals without letting them flood what they are told to.

The first of a kind is told at once; how many followed it within a minute, when
the minute is over. There are only so many kinds: of others the number is told.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

WINDOW = 60.0  # seconds
KIND_LIMIT = 100  # kinds in a window
OTHERS = ("",)


@dataclass(slots=True)
class Seen:
    """What came of one kind since it was told of."""

    sample: Any
    since: float  # monotonic seconds
    more: int = 0


class Refusals:
    """The refusals of this worker process, by kind."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, Seen] = {}

    def note(self, kind: Hashable, sample: Any) -> bool:
        """Count a refusal; whether it is to be told of at once."""
        seen = self._seen.get(kind)
        if seen is None and len(self._seen) >= KIND_LIMIT:
            # A client that makes up names makes up kinds: beyond so many they are one.
            kind, seen = OTHERS, self._seen.get(OTHERS)
        if seen is None:
            self._seen[kind] = Seen(sample, time.monotonic(), more=int(kind == OTHERS))
            return kind != OTHERS
        seen.more += 1
        return False

    def summaries(self, *, are_all: bool = False) -> list[tuple[Any, int]]:
        """Of each kind whose minute is over: its first refusal, and how many more there were."""
        now = time.monotonic()
        over = [k for k, seen in self._seen.items() if are_all or now - seen.since >= WINDOW]
        ended = [self._seen.pop(kind) for kind in over]
        return [(seen.sample, seen.more) for seen in ended if seen.more]
