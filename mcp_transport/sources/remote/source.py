"""Entries of servers that are reached over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from mcp_transport.engine.source import Tell
from mcp_transport.sources.foreign.keeping import Keeper
from mcp_transport.sources.foreign.listing import Known
from mcp_transport.sources.foreign.source import ForeignSource
from mcp_transport.sources.remote.configuration import SETTING
from mcp_transport.sources.remote.upstreams import Upstream, upstreams

# What it stands on needs a package that only a site with remote servers has.
KEEPER = "mcp_transport.sources.remote.keeping.UpstreamKeeper"

known = Known()


class RemoteSource(ForeignSource[Upstream]):
    """What the servers of MCP_REMOTE list."""

    name: ClassVar[str] = "remote"

    @property
    def known(self) -> Known:
        """See ForeignSource.known."""
        return known

    def origins(self) -> Sequence[Upstream]:
        """See ForeignSource.origins()."""
        return upstreams()

    def keeper(self, origin: Upstream, tell: Tell) -> Keeper[Any]:
        """See ForeignSource.keeper()."""
        try:
            make = import_string(KEEPER)
        except ImportError as error:
            raise ImproperlyConfigured(
                f"{SETTING} needs {error.name}: install django-mcp-transport with the extra 'remote'."
            ) from None
        keeper: Keeper[Any] = make(origin, self.known, tell)
        return keeper
