"""Registers every fixture; the suite calls the first tool, so the order matters."""

from __future__ import annotations

from tools.conformance import contents, documents, questions, rounds, signals  # noqa: F401
