"""Tests of what stands between a connection and the engine."""

from __future__ import annotations
