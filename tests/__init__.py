"""The project's tests; they mirror the tree of the package."""

from __future__ import annotations
