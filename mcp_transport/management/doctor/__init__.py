"""
Tries a running site from outside, one step after the other.

Knows HTTP and the protocol as any client does; must not know the settings, the
tables or the engine of the site, which may be another one.
"""

from __future__ import annotations
