"""
The command line: ``manage.py mcp``.

Knows everything a site mounts and how to print it; nothing imports it.
"""

from __future__ import annotations
