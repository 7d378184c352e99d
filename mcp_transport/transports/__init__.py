"""
Bytes in, bytes out, nothing decided.

Each module is a thin edge over one way to reach the engine. Must not know
another transport, the ORM or what a message means.
"""
