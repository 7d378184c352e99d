"""A small bookshop: models, data and an ``mcp`` module that shows every feature."""

from __future__ import annotations
