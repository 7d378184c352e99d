"""
What serves a call: each module implements the engine's Source interface.

Knows its own kind of origin. Must not know another source, the hub, or how a
client is reached.
"""
