"""The bundled site, with a program behind it."""

from __future__ import annotations

import sys
from pathlib import Path

from mcpsite.settings import *  # noqa: F403

SERVER = Path(__file__).with_name("server.py")

MCP_STDIO = {"box": {"command": [sys.executable, "-I", "-S", str(SERVER)], "per": "process"}}
