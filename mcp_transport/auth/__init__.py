"""
Who asks, and what they may use.

Knows users, tokens, permissions and HTTP's challenges; knows nothing of
messages, sessions or how an entry is called.
"""

from __future__ import annotations
