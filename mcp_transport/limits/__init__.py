"""
How often somebody may ask, and how much at once.

Knows keys, numbers and the clock, and what other worker processes say they
used. Must not know who stands behind a key, what is asked, nor over what.
"""
