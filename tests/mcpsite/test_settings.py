"""The settings of the bundled site."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SHOW = "from mcpsite import settings as s; print(s.MCP_REST, s.MCP_REST_ROOT)"


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({}, "True /"),
        ({"MCP_REST": "off"}, "False /"),
        ({"MCP_REST_ROOT": ""}, "True None"),
        ({"MCP_REST_ROOT": "/plain"}, "True /plain"),
    ],
)
def test_plain_http_stands_at_the_root_unless_it_is_put_elsewhere(
    tmp_path: Path, variables: dict[str, str], shown: str
) -> None:
    environment = {name: value for name, value in os.environ.items() if "MCP_REST" not in name}
    environment |= {"VAR_DIR": str(tmp_path), **variables}
    done = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=PROJECT, env=environment, capture_output=True, timeout=30
    )
    assert done.stdout.decode().strip() == shown
