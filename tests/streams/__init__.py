"""Tests of the event log and of those who follow it."""

from __future__ import annotations
