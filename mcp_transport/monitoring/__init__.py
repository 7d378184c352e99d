"""
What a site tells those who watch over it: figures, log lines, traces.

Knows requests as the engine serves them, and the libraries that carry figures
and traces away, which are optional; must not decide anything about a request.
"""
