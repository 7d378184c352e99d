"""The admin in a real browser, over a real server process."""

from __future__ import annotations
