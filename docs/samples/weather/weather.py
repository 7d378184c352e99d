"""The smallest server over HTTP: each message is a POST, each answer JSON."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler

TOOL = {
    "name": "forecast",
    "description": "What the weather will be like.",
    "inputSchema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
    "annotations": {"readOnlyHint": True},
}


class Weather(BaseHTTPRequestHandler):
    """Answers requests of clients that bring the token."""

    token = ""

    def do_POST(self):
        """Answer one message."""
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {self.token}":
            self.answer(401)
        elif "id" not in message:
            self.answer(202)
        elif (result := result_of(message)) is None:
            self.answer(400)
        else:
            self.answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})

    def answer(self, status, value=None):
        """Send an answer."""
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):  # noqa: A002 - its name is the base's
        """Say nothing."""


def result_of(message):
    """The result of a request; None for one that is not known here."""
    if message["method"] == "initialize":
        return {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "weather", "version": "1"},
        }
    if message["method"] == "tools/list":
        return {"tools": [TOOL]}
    if message["method"] == "tools/call":
        city = message["params"]["arguments"]["city"]
        return {"content": [{"type": "text", "text": f"Fair in {city}."}]}
    return None
