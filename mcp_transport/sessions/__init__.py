"""
The conversations of clients whose revision has them.

Knows session rows and a short cache over them; the owner is part of the key.
Must not know what is said in a conversation, nor over which transport.
"""
