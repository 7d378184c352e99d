"""
The ASGI servers under the site.

Starts one, adds the limits that its protocols lack, stops it in order. Must
not know sessions or messages.
"""
