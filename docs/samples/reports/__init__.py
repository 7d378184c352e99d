"""The app of the guide to tools that take long."""

from __future__ import annotations
