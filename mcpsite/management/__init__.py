"""The commands of the site itself."""

from __future__ import annotations
