"""
What an MCP message does.

Knows servers, catalogs, exchanges and how functions are run; declares the
Source interface. Must not know a transport or a concrete source: what arrives
comes through ``Engine.receive`` and what leaves goes through a ``Responder``.
"""
