"""
The protocol itself: bytes and headers in, messages and verdicts out.

Knows every revision of the specification. Must not know Django, asyncio,
sockets or a clock; the rest of the project drives it.
"""
