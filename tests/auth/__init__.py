"""Tests of who asks and what they may use."""

from __future__ import annotations
