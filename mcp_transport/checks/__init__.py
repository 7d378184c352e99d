"""
System checks: what can be known to be wrong before the first request.

Knows every setting and the site around it; must not know a transport, and
changes nothing. Importing the package registers its checks with Django.
"""

from __future__ import annotations

from mcp_transport.checks import (
    deployment,
    entries,
    monitoring,
    nchan,
    oauth,
    openapi,
    origins,
    pools,
    programs,
    remote,
    site,
    values,
)

__all__ = [
    "deployment",
    "entries",
    "monitoring",
    "nchan",
    "oauth",
    "openapi",
    "origins",
    "pools",
    "programs",
    "remote",
    "site",
    "values",
]
