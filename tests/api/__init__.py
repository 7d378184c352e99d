"""Tests of the operators' API."""

from __future__ import annotations
