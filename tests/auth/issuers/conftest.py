"""An issuer, and a site that takes its tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mcp_transport.auth import resources
from mcp_transport.auth.issuers import configuration
from tests.issuer import LocalIssuer


@pytest.fixture
def issuer(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIssuer]:
    """The only issuer of the site, on this machine, which DEBUG lets be asked without TLS."""
    monkeypatch.setattr(resources, "_announced", [configuration.announced])
    with LocalIssuer() as issuer:
        settings.DEBUG = True
        settings.MCP_PUBLIC_URL = "https://example.com"
        settings.MCP_ISSUERS = {issuer.url: {}}
        yield issuer
