"""
The rows of calls that outlive their connection.

Knows how they are kept and found again; the owner is part of the key. Must not
know how a call is run, nor how its client is reached.
"""
