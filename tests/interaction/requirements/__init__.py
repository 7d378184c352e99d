"""
What the specification asks of a server, as data.

Knows the requirements and where they stand; knows nothing of the tests, which
claim them with ``@covers``. ``tests/interaction/test_coverage.py`` compares
the two.
"""

from __future__ import annotations

from tests.interaction.requirements import (
    connections,
    features,
    legacy,
    patterns,
    planned,
    tasks,
    transport,
)
from tests.interaction.requirements.record import Requirement, covers

ROWS = (
    *transport.ROWS,
    *patterns.ROWS,
    *features.ROWS,
    *legacy.ROWS,
    *connections.ROWS,
    *tasks.ROWS,
    *planned.ROWS,
)
REQUIREMENTS = {row.id: row for row in ROWS}

__all__ = ["REQUIREMENTS", "ROWS", "Requirement", "covers"]
