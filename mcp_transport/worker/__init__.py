"""
What makes up one worker process.

Owns what the layers below need for as long as the process serves, does what
comes up again and again beside serving, and says whether all is well. Must
not know what a message means.
"""
