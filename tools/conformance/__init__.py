"""
The entries that the official conformance suite expects of a server.

Not installed by default: ``make conformance-server`` serves them. Names,
texts and schemas are the suite's.
"""

from __future__ import annotations
