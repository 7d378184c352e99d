"""Two worker processes behind a real nginx, and tests that need them."""

from __future__ import annotations
