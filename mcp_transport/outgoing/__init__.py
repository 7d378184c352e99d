"""
Requests that the site itself sends over HTTP, to addresses of its settings.

Knows which addresses may be asked, and bounds what is read of an answer. Must
not know for what it is asked.
"""
