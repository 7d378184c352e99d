"""What stands in the settings of a site with a clock."""

from __future__ import annotations

import sys
from pathlib import Path

BASE_DIR = Path(__file__).parent

MCP_STDIO = {
    "clock": {
        "command": [sys.executable, str(BASE_DIR / "clock.py")],
        "per": "process",
    },
}
