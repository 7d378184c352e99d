"""Example Django apps whose ``mcp`` modules register entries."""

from __future__ import annotations
