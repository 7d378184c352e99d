"""Tests of ``manage.py mcp sources``."""

from __future__ import annotations

import sys

import pytest
from pytest_django import Settings

from tests.management.conftest import mcp
from tests.sources.stdio.conftest import SERVER


@pytest.mark.django_db(transaction=True)
def test_each_origin_is_shown_with_what_it_lists_or_why_not(settings: Settings) -> None:
    program = [sys.executable, "-I", "-S", SERVER]
    settings.MCP_STDIO = {
        "box": {"command": program, "per": "process"},
        "broken": {"command": [*program, "crash"]},
    }
    lines = {line.split()[0]: line for line in mcp("sources")[0].splitlines()}
    assert lines["ORIGIN"].split()[-1] == "STATE"
    assert lines["good"].split()[1] == "apps"
    assert lines["box"].split()[:6] == ["box", "stdio", "23", "2", "1", "1"]
    assert lines["box"].endswith("1 process of 8")
    assert "away: " in lines["broken"]
    assert "It cannot begin." in lines["broken"]
