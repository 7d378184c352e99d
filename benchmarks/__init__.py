"""
What a request costs, measured: ours beside bare ASGI and beside other servers.

``python -m benchmarks.run`` measures whole servers, ``python -m
benchmarks.components`` the parts that every call passes. Nothing of the
project imports from here, and only ``served`` imports from the project.
"""

from __future__ import annotations
