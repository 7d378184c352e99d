"""Tests of a whole site under load, and what makes the load."""

from __future__ import annotations
