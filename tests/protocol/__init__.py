"""Tests of the protocol: plain functions on bytes and tables."""

from __future__ import annotations
