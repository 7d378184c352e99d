"""Tests of the management command."""

from __future__ import annotations
