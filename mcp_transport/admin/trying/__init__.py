"""
Trying an entry from the admin: its form, the run of it, and what came of it.

Knows the engine's door, through which a try goes as a client's call does, and
the log in which all that comes of it stands; keeps nothing in the process.
"""

from __future__ import annotations
