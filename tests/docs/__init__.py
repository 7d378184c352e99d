"""Tests of what the documentation shows and promises."""

from __future__ import annotations
