"""What the parts cost, measured by hand; nothing imports from here."""

from __future__ import annotations
