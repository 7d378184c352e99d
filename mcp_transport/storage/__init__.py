"""
Rows beside the event loop.

Reads those of many tasks in few threads and writes them in few transactions.
Knows the database; must not know what a row is for.
"""
