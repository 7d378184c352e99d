"""Entries, and how functions become them."""

from __future__ import annotations
