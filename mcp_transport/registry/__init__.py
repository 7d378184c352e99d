"""
Tools, resources and prompts as records, and how Python functions become them.

This layer knows signatures, schemas and return values. It must not know of
requests, principals, servers or tables, and works before the app registry does.
"""

from __future__ import annotations
