"""
Servers of others that are reached over HTTP.

Knows how one is found, spoken to, told from one that is away, and kept from
what is not its own. Must not know another source, the hub, or who a client is
beside its name: nothing that a client sent but arguments and answers goes out.
"""
