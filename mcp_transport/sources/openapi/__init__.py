"""
The operations of OpenAPI documents as tools.

Knows the documents, and how their operations are called over HTTP. Must not
know who calls: nothing that a client sent but a tool's arguments goes out.
"""

from __future__ import annotations
