"""Tests of the example apps."""

from __future__ import annotations
