"""
Faults injected into real servers: short in the test suite, in full by ``make faults``.

Each module does one kind and says what it found; ``report`` writes it down.
"""

from __future__ import annotations
