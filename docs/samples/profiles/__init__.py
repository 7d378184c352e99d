"""An app that tells its readers of changes."""

from __future__ import annotations
