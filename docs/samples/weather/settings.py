"""What stands in the settings of a site with a weather service."""

from __future__ import annotations

import os

MCP_REMOTE = {
    "weather": {
        "url": "https://weather.example/mcp",
        "auth": {"bearer": os.environ["WEATHER_TOKEN"]},
    },
}
