"""
Wakes the other worker processes of a site.

Carries small messages and may lose them. Must not know what they are about:
the tables are the truth, and whatever a message hastens happens without it
within a second or two.
"""
