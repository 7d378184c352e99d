"""Samples are counted for the layer that was at work."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.shares import count, layer_of_frame, table

SEND = "RequestResponseCycle.send (uvicorn/protocols/http/httptools_impl.py:524)"
SERVE = "Stateless.serve (mcp_transport/engine/stateless.py:49)"
WRITER = "Writer._work (mcp_transport/storage/writer.py:242)"


@pytest.mark.parametrize(
    ("frame", "layer"),
    [
        (SEND, "uvicorn"),
        (SERVE, "mcp_transport.engine"),
        (WRITER, "mcp_transport.storage"),
        ("execute (django/db/backends/utils.py:89)", "Django ORM"),
        ("<module> (manage.py:13)", None),
        ("thread (123): MainThread", None),
    ],
)
def test_a_frame_belongs_to_the_layer_of_its_file(frame: str, layer: str | None) -> None:
    assert layer_of_frame(frame) == layer


def test_the_innermost_layer_is_counted() -> None:
    raw = f"{SEND};{SERVE};loads (json/__init__.py:1) 3\n{SERVE};{SEND} 4\n{WRITER} 2\nmain (x.py:1) 1\n"
    assert count(raw) == {
        "mcp_transport.engine": 3, "uvicorn": 4, "mcp_transport.storage": 2, "other": 1,
    }  # fmt: skip


def test_shares_are_told_in_the_time_of_a_request() -> None:
    text = table(Counter({"uvicorn": 3, "mcp_transport.engine": 1}), 48.0)
    assert "| uvicorn              | 75.0% |         36.0 |" in text
