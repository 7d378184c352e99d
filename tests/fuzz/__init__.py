"""
Hard input: what a client may send by mistake or on purpose.

Knows the endpoint from outside only: requests in, answers out. An answer is
judged by what every answer promises, whatever was asked.
"""
