"""
Servers, their overrides and texts as a file, and the way back.

Knows the models and the form of the file; must not know commands or
terminals. Tokens are no part of it: a file like this is kept where many read.
"""
