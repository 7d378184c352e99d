"""How every Python peer is served: one process, the fast loop, no access log."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn


def serve(application: Any) -> None:
    """Serve on the port that the command line names."""
    uvicorn.run(
        application, port=int(sys.argv[1]), log_level="warning", access_log=False,
        loop="uvloop", http="httptools", timeout_graceful_shutdown=1,
    )  # fmt: skip
