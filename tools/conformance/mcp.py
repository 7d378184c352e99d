"""Registers every fixture; the suite calls the first tool, so the order matters."""

from __future__ import annotations

from tools.conformance import (  # noqa: F401
    contents,
    documents,
    questions,
    rounds,
    signals,
    tasks,
)
