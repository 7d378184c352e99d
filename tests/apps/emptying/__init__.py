"""Stands in for Django's ``flush``, which tests that commit end with; see tests/emptying.py."""

from __future__ import annotations
