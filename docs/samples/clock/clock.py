"""The smallest server on pipes: a message a line, on standard input and output."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

TOOL = {
    "name": "now",
    "description": "What time it is, in UTC.",
    "inputSchema": {"type": "object", "properties": {}},
    "annotations": {"readOnlyHint": True},
}


def result_of(message):
    """The result of a request."""
    if message["method"] == "initialize":
        return {
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "clock", "version": "1"},
        }
    if message["method"] == "tools/list":
        return {"tools": [TOOL]}
    return {"content": [{"type": "text", "text": datetime.now(UTC).isoformat()}]}


if __name__ == "__main__":
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": result_of(message)}
            print(json.dumps(answer), flush=True)  # noqa: T201 - its way to speak
