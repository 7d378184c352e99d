"""The command that stands in."""

from __future__ import annotations
