"""
The record of calls: a row for each, chained so that a change shows.

Knows the columns of a call, what must not be kept, and the writer. Must not
know how a call is served, nor where its principal comes from.
"""
