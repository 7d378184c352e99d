"""
Servers of others that run here: programs that speak MCP over their pipes.

Knows how a program is started, kept apart, spoken to and ended; which there
are, stands in the settings alone. Must not know another source, the hub, or
how a client is reached.
"""
