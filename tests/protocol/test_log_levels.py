"""Tests of mcp_transport.protocol.log_levels."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.log_levels import LEVELS, reaches, read_level
from mcp_transport.protocol.revisions import SUPPORTED
from tests.schema import definitions_of


@pytest.mark.parametrize("revision", SUPPORTED)
def test_log_levels_are_those_of_the_schema(revision: str) -> None:
    assert set(LEVELS) == set(definitions_of(revision)["LoggingLevel"]["enum"])
    assert [read_level(level) for level in (None, *LEVELS)] == [None, *LEVELS]


@pytest.mark.parametrize("level", ["", "INFO", "trace", 0, [], {}])
def test_an_unknown_log_level_is_refused(level: Any) -> None:
    with pytest.raises(InvalidParams, match="debug"):
        read_level(level)


def test_what_is_as_grave_as_the_threshold_or_graver_reaches_it() -> None:
    assert [level for level in LEVELS if reaches(level, "critical")] == [
        "critical", "alert", "emergency",
    ]  # fmt: skip
    assert not any(reaches(level, None) for level in LEVELS)
