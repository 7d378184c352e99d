"""Tests of the project's own site."""

from __future__ import annotations
