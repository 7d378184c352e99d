"""Tests of ``manage.py mcp sources``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError
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
    assert lines["box"].split()[:6] == ["box", "stdio", "24", "2", "1", "1"]
    assert lines["box"].endswith("1 process of 8")
    assert "away: " in lines["broken"]
    assert "It cannot begin." in lines["broken"]


@pytest.mark.django_db(transaction=True)
def test_what_clients_cannot_find_is_told_with_who_hides_it(settings: Settings) -> None:
    program = {"command": [sys.executable, "-I", "-S", SERVER], "per": "process"}
    settings.MCP_STDIO = {"box": program, "case": program}
    said = mcp("sources", "case")[0].splitlines()
    assert said[1].endswith("1 process of 8, 3 hidden")
    assert said[2] == (
        "The resource 'note://one' of 'case' is hidden: 'box', which comes first,"
        " has one of that name."
    )
    assert mcp("sources", "box")[0].splitlines()[1].endswith("1 process of 8")


@pytest.mark.django_db(transaction=True)
def test_what_a_document_leaves_out_is_told_with_the_reason(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "openapi.json"
    paths: dict[str, object] = {"/a": {"get": {}}, "/b/{c}": {"get": {}}}
    path.write_text(json.dumps({"openapi": "3.1.0", "paths": paths}))
    settings.MCP_OPENAPI = {"pets": {"document": path, "base_url": "https://pets.example"}}
    said = mcp("sources", "openapi.pets")[0].splitlines()
    assert said[1].split() == ["openapi.pets", "openapi", "1", "0", "0", "0", "1", "left", "out"]
    assert said[2] == "GET /b/{c} is left out: its path has 'c', which is no parameter of it"
    path.write_text("nonsense")
    assert "away: it is no object" in mcp("sources")[0]
    with pytest.raises(CommandError, match=r"no origin 'pets'; `mcp sources` lists them"):
        mcp("sources", "pets")
