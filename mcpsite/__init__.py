"""The project's own site: settings, ASGI entry and URLs; it may import anything."""

from __future__ import annotations
