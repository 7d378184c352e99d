"""
What operators do with a program instead of the admin, over REST.

Knows the models, Django's permissions and how the record is read; must not
know of transports or of running requests. Needs the extra ``api``; a site that
does not include ``mcp_transport.api.urls`` needs nothing of it.
"""
