"""Tests of mcp_transport.monitoring.json_lines."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest

from mcp_transport.models.token_value import new_value
from mcp_transport.monitoring.json_lines import JsonFormatter


def line(message: str, *arguments: Any, **extra: Any) -> dict[str, Any]:
    """What is written of a record."""
    logger = logging.getLogger("shop")
    record = logger.makeRecord("shop", logging.INFO, "f", 1, message, arguments, None, extra=extra)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    written: dict[str, Any] = json.loads(text)
    return written


def test_a_line_is_one_object() -> None:
    written = line("two\nlines of %s", "it")
    assert (written["level"], written["logger"]) == ("INFO", "shop")
    assert written["message"] == "two\nlines of it"
    assert written["time"].endswith("+00:00")


def test_what_was_given_beside_the_message_is_among_it() -> None:
    written = line("sold", code="moonstone", request=object(), level="mine")
    assert written["code"] == "moonstone"
    assert written["request"].startswith("<object object")
    assert written["level"] == "INFO"


def test_an_error_is_told_with_its_place() -> None:
    try:
        raise LookupError("gone")
    except LookupError:
        error = sys.exc_info()
    record = logging.LogRecord("shop", logging.ERROR, "f", 1, "failed", (), error)
    record.stack_info = "Stack (most recent call last):"
    written = json.loads(JsonFormatter().format(record))
    assert written["error"].endswith("LookupError: gone")
    assert written["stack"].startswith("Stack")


@pytest.mark.parametrize("text", ["got {}", "Authorization: Bearer {}", "{{'token': '{}'}}"])
def test_no_line_holds_a_token(text: str) -> None:
    value = new_value()
    written = line(text.format(value), given=value, nested={"deep": [f"Bearer {value}"]})
    assert value not in json.dumps(written)
    assert written["given"] == "[token]"


@pytest.mark.parametrize("value", ["\ud800", {1: 2, (3, 4): 5}, float("nan"), b"\xff"])
def test_whatever_was_logged_there_is_a_line(value: Any) -> None:
    assert line("odd", value=value)["message"].strip("'") == "odd"
