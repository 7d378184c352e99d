"""Tests of mcp_transport.conf."""

from __future__ import annotations

import pytest
from django.test import override_settings

from mcp_transport.conf import settings


def test_a_setting_follows_the_sites_and_comes_back_to_its_default() -> None:
    assert settings.MCP_PAGE_SIZE == 100
    with override_settings(MCP_PAGE_SIZE=7):
        assert settings.MCP_PAGE_SIZE == 7
    assert settings.MCP_PAGE_SIZE == 100


def test_a_name_that_is_not_declared_raises() -> None:
    with pytest.raises(AttributeError, match="MCP_TYPO"):
        settings.MCP_TYPO  # type: ignore[attr-defined]  # noqa: B018
