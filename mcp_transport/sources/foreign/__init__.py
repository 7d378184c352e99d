"""
What MCP servers of others have in common, however they are reached.

Knows what they say, how they are spoken to, and how what they list becomes
entries. Must not know the way to one, nor the source that has it.
"""
