"""How many examples are tried, and for how long."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

#: Requests for each transport in one run.
REQUESTS = int(os.environ.get("MCP_FUZZ_REQUESTS", "1000"))
#: Seconds for each transport; 0 makes one run, which is the same every time.
SECONDS = float(os.environ.get("MCP_FUZZ_SECONDS", "0"))
#: Seconds after which a run counts as hanging.
LIMIT = SECONDS + 900.0
#: Where the rounds begin: the same seed sends the same requests.
SEED = int(os.environ.get("MCP_FUZZ_SEED", "0")) or (int(time.time()) if SECONDS else 0)


Example = TypeVar("Example")


def hunt(
    examples: st.SearchStrategy[Example], attempt: Callable[[Example], None], *, requests: int
) -> None:
    """Try examples until one fails, which is then made as small as it gets."""
    quiet = settings(
        max_examples=requests,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    begun = time.monotonic()
    for number in count():
        print(f"MCP_FUZZ_SEED={SEED + number}")  # noqa: T201 - shown when it fails
        quiet(seed(SEED + number)(given(examples)(attempt)))()
        if time.monotonic() - begun >= SECONDS:
            return
