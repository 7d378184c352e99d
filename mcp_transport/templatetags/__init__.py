"""
Tags of the admin's MCP pages.

Know how a page's parts are written; know nothing of what they show.
"""

from __future__ import annotations
