"""A site whose settings name the service, which runs here."""

from __future__ import annotations

import os
import threading
from http.server import ThreadingHTTPServer

import pytest

from docs.samples.weather.weather import Weather

TOKEN = "weather-secret"  # noqa: S105 - of nobody
pytest_plugins = ["mcp_transport.testing.plugin"]


@pytest.fixture
def weather():
    Weather.token = TOKEN
    with ThreadingHTTPServer(("127.0.0.1", 0), Weather) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/mcp"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def servers(settings, monkeypatch, weather):
    monkeypatch.setitem(os.environ, "WEATHER_TOKEN", TOKEN)
    from docs.samples.weather.settings import MCP_REMOTE

    here = {"url": weather, "private_hosts": ["127.0.0.1"]}
    settings.MCP_REMOTE = {"weather": {**MCP_REMOTE["weather"], **here}}
